// Package predict owns what prediction is made of in SQL: the callbacks that score
// vectors, the macros that are a model version, and the cache of opened models that the
// callbacks share.
//
//	Version ─▶ Macros ─▶ CREATE MACRO eider_models."churn@5"(age, plan) AS …
//	predict('churn', t) ─(engine)▶ eider_models."churn"(age := t.age, plan := t.plan)
//	  ─(DuckDB)▶ eider_absent(…) decides NULL, the fitted SQL makes features, eider_class('hash', …) scores
//	eider_class ─▶ Cache ─▶ artifact.Scorer
//
// A hash is bound while the statement is planned; the plan then holds the opened model until
// it is freed. Scoring runs on DuckDB's threads, a vector at a time, without a thread of its
// own and without allocating for a row or a vector.
//
// It refuses to know about transactions, roles and statements: the engine decides which
// bytes a connection may see and who may call what.
package predict
