// Package artifact owns the files that a run of a project leaves in target for other
// programs, in dbt's schemas: run_results.json (v6), sources.json (v3) and
// catalog.json (v1). It reads run_results.json again, for retry.
//
// It holds data and JSON only; manifest.json is engine/project/manifest.
package artifact
