package gate

import "strings"

// Privilege is a set of rights.
type Privilege uint16

// The privileges. Those on models are stored for the statements on models.
const (
	Select Privilege = 1 << iota
	Insert
	Update
	Delete
	Truncate
	References
	Usage
	Create
	Connect
	Temporary
	Predict
	Train
	Deploy
)

var privilegeNames = [...]string{
	"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "USAGE", "CREATE", "CONNECT", "TEMPORARY", "PREDICT", "TRAIN", "DEPLOY",
}

// ParsePrivilege returns the privilege of that name in any case; zero if there is none.
func ParsePrivilege(name string) Privilege {
	if strings.EqualFold(name, "TEMP") {
		return Temporary
	}
	for i, n := range privilegeNames {
		if strings.EqualFold(name, n) {
			return 1 << i
		}
	}
	return 0
}

// The kinds of object that privileges and owners speak of, as eider.grants names them.
const (
	kindTable    = "table"
	kindSequence = "sequence"
	kindSchema   = "schema"
	kindDatabase = "database"
	kindType     = "type"
	kindMacro    = "macro"
	kindIndex    = "index"
	kindModel    = "model"

	kindTransformation = "transformation"
)

// object names something in the guarded database; schema and name are folded.
type object struct{ kind, schema, name string }
