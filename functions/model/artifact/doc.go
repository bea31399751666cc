// Package artifact owns the bytes of a trained model and what scores with them: one
// estimator, or one a group beside a global one, with classes, threshold and
// calibration. The bytes are canonical, so that their SHA-256 names the model; they
// hold nothing of when or where it was trained.
//
//	Artifact ─▶ Encode ─▶ bytes ─▶ Open ─▶ Scorer
//
// A Scorer gets features: what the fitted TRANSFORM makes of the columns. It knows no
// column, no class's text and no SQL. It never panics on bytes or numbers of others.
package artifact
