// Package manifest owns manifest.json: a project as dbt's schema v12 writes it, and what an
// earlier manifest says for comparing states. It refuses to invent: a key that Eider has no
// value for has the default that dbt gives it.
package manifest
