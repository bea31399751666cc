// Package jinja owns the Jinja language as SQL projects write it: reading a template,
// evaluating it over Go values, and the filters, tests and methods of Python's strings,
// lists and dicts that such templates call. It refuses what needs Python, inheritance
// and files ({% extends %}, {% include %}, {% import %}).
//
// The flow: Parse reads text into a Template (immutable, safe to share); Render walks it
// with a Context, which answers free names. Lists and dicts are references, as in Python:
// `{% do l.append(x) %}` changes l. A failure is an *Error with file, line and column.
//
// It knows nothing of dbt: ref, config and their like are values that package render supplies.
package jinja
