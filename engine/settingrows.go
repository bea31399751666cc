package engine

func settingRows(*Session) [][]any { return nil }

// Setting returns the value of a setting as SHOW gives it.
func (s *Session) Setting(name string) (string, bool) { return "", false }
