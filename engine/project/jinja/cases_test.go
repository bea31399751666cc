package jinja

import (
	_ "embed"
	"encoding/json"
)

//go:embed testdata/cases.json
var casesJSON []byte

type renderCase struct{ Src, Want string }

// cases are templates and what Jinja2 makes of them; testdata/answers.py writes the answers.
func cases() []renderCase {
	var list []renderCase
	if err := json.Unmarshal(casesJSON, &list); err != nil {
		panic(err)
	}
	return list
}
