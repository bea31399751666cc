// Package http serves Eider's HTTP surface. For now that is its health:
//
//	GET /livez   200 while the process runs: a supervisor restarts on anything else
//	GET /readyz  200 when queries are served; 503 with the reason while the database opens or drains
//
// It owns listening, time limits, the bound on connections and on headers, and the
// orderly end. Further routes come as Options.Routes. It listens before the database
// is open, so that a start that takes long can be watched.
package http
