package source

import "errors"

// temporary marks an error that may go away.
type temporary struct{ error }

func (t temporary) Unwrap() error { return t.error }

// Temporary marks an error as one that may be gone after a pause: a server that is away, a rate limit.
func Temporary(err error) error {
	if err == nil {
		return nil
	}
	return temporary{err}
}

// IsTemporary tells whether an error was marked so.
func IsTemporary(err error) bool {
	var t temporary
	return errors.As(err, &t)
}
