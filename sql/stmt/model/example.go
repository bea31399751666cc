package model

// What examples of the statements set up: a small model whose numbers are known, because
// the target is a line.
const (
	exampleData  = "CREATE TABLE flats AS SELECT 30 + i AS size, i % 4 AS rooms, 100 + 10 * i + 25 * (i % 4) AS rent FROM range(200) r(i)"
	exampleTrain = "TRAIN MODEL rent TARGET rent USING linear AS SELECT size, rooms, rent FROM flats"
	exampleModel = exampleData + "; " + exampleTrain
	exampleAgain = "TRAIN MODEL rent TARGET rent USING linear DEPLOY NEVER AS SELECT size, rooms, rent FROM flats"
)
