//go:build !unix

package doctor

import (
	"errors"

	"github.com/eiderdb/eider/cmd/eider/config"
)

func freeBytes(string) (int64, error) { return 0, errors.ErrUnsupported }

func availableMemory(string) (int64, string) { return 0, "" }

func descriptors(*config.Serve) Finding {
	return ok("open files", "there is no limit to look at on this system")
}
