package feature

import (
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/types"
)

// half is the square of half the chord between two places on a sphere of radius 1.
const half = "(pow(sin(radians(lat2 - lat1) / 2), 2) + cos(radians(lat1)) * cos(radians(lat2)) * pow(sin(radians(lon2 - lon1) / 2), 2))"

func distances() []*fn.Decl {
	double := types.Of(types.Double)
	angle := func(name, doc string) fn.Param { return fn.Param{Name: name, Type: double, Doc: doc} }
	return []*fn.Decl{
		{
			Name: "haversine", Family: "feature",
			Summary: "Gives the great-circle distance between two places on Earth, in kilometres.",
			Notes:   "On a sphere of the mean radius 6371.0088 km, which is within 0.6 % of the distance on the ellipsoid. NULL where a coordinate is NULL.",
			Source:  "Sinnott, Virtues of the haversine (1984); radius: IUGG",
			Params:  []fn.Param{angle("lat1", "latitude in degrees"), angle("lon1", "longitude in degrees"), angle("lat2", "latitude in degrees"), angle("lon2", "longitude in degrees")},
			Returns: double,
			// Of the two square roots one is exact near the poles of the formula, so nothing must be cut off at 1.
			Macro: "2 * 6371.0088 * atan2(sqrt(" + half + "), sqrt(abs(1 - " + half + ")))",
			Examples: []fn.Example{
				{SQL: "SELECT round(haversine(52.52, 13.405, 48.8566, 2.3522), 1) AS berlin_paris, haversine(0, 0, NULL, 0)", Want: "877.5\tNULL"},
				{SQL: "SELECT round(haversine(0, 179.5, 0, -179.5), 3)", Want: "111.195"},
			},
		},
		{
			Name: "cosine_similarity", Family: "feature",
			Summary: "Gives the cosine of the angle between two vectors of equal length.",
			Notes:   "Lists and arrays of numbers work. NULL where either is NULL or has length zero; a NULL among the elements and different lengths are errors.",
			Source:  "scikit-learn, metrics.pairwise.cosine_similarity",
			Params: []fn.Param{{Name: "a", Type: &types.Type{ID: types.List, Child: double}, Doc: "a vector"},
				{Name: "b", Type: &types.Type{ID: types.List, Child: double}, Doc: "another"}},
			Returns: double, Macro: "CASE WHEN list_inner_product(a::DOUBLE[], a::DOUBLE[]) > 0 AND list_inner_product(b::DOUBLE[], b::DOUBLE[]) > 0 THEN list_cosine_similarity(a::DOUBLE[], b::DOUBLE[]) END",
			Examples: []fn.Example{
				{SQL: "SELECT cosine_similarity([1, 0], [1, 1]), cosine_similarity([3, 4], [6, 8]), cosine_similarity([0, 0], [1, 1])", Want: "0.7071067811865475\t1.0\tNULL"},
			},
		},
	}
}
