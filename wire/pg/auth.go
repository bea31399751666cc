package pg

import (
	"context"

	"github.com/eiderdb/eider/engine/gate"
)

// Authenticator says who may log in. It is asked at every login, so that changes of
// roles take effect at once; it must be safe for use by several goroutines.
type Authenticator interface {
	// HasPasswords reports whether any role has a password. While none has, clients on
	// loopback are trusted and are the superuser whatever user name they give.
	HasPasswords(ctx context.Context) (bool, error)
	// Login returns what is known of a role; false if there is no such role.
	Login(ctx context.Context, role string) (Login, bool, error)
}

// Login is what authentication needs to know of a role.
type Login = gate.Login
