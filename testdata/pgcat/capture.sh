#!/usr/bin/env bash
# usage: capture.sh DATABASE < commands   (psql and its PG… variables point at a PostgreSQL 15)
# Runs meta-commands and prints the catalog queries that psql sends for each: a line "@@ command", then every
# query, each between psql's own QUERY lines. psql's SQL is taken from the psql at hand, never kept here.
set -euo pipefail
while IFS= read -r command; do
  shown=${command//\\/\\\\}
  echo "\\echo '@@ ${shown//\'/\'\'}'"
  echo "$command"
done | psql -X -q -E -A -t -d "${1:?database}" 2>/dev/null
