package run

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/eiderdb/eider/engine/project/artifact"
	"github.com/eiderdb/eider/engine/project/node"
)

// Again is what a retry has to do.
type Again struct {
	Command string
	IDs     []string
	// Args are the flags of the run before.
	Args map[string]any
	// Gone are ids that the project doesn't have any more.
	Gone []string
}

// Retry reads what failed or was skipped in the last run.
func Retry(p *node.Project) (*Again, error) {
	last, err := artifact.ReadRunResults(p.TargetPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no run_results.json in %s: nothing has been run that could be tried again", p.TargetPath)
	}
	if err != nil {
		return nil, err
	}
	out := &Again{Args: last.Args}
	out.Command, _ = last.Args["which"].(string)
	switch out.Command {
	case "run", "build", "test", "seed", "snapshot":
	default:
		return nil, fmt.Errorf("the last command was %q, which can't be tried again", out.Command)
	}
	for _, r := range last.Results {
		if r.Status != Failed && r.Status != Fail && r.Status != Skipped || strings.HasPrefix(r.ID, "operation.") {
			continue
		}
		if p.Nodes[r.ID] == nil {
			out.Gone = append(out.Gone, r.ID)
			continue
		}
		out.IDs = append(out.IDs, r.ID)
	}
	return out, nil
}
