package feature

import (
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

func texts() []*fn.Decl {
	words := &types.Type{ID: types.List, Child: types.Of(types.Varchar)}
	return []*fn.Decl{
		{
			Name: "tokenize", Family: "feature",
			Summary: "Lists the words of a text in lower case.",
			Notes:   "A word is a run of letters with their marks, digits and underscores of any script; an apostrophe within one belongs to it. Text without words gives an empty list.",
			Source:  "Unicode general categories L, M and N",
			Params:  []fn.Param{{Name: "s", Type: types.Of(types.Varchar), Doc: "the text"}},
			Returns: words, Macro: `regexp_extract_all(lower(s), '[\p{L}\p{M}\p{N}_]+(?:[''’][\p{L}\p{M}\p{N}_]+)*')`,
			Examples: []fn.Example{
				{SQL: "SELECT array_to_string(tokenize('It''s 3 o''clock: Über-naïve!'), '|'), tokenize('…'), tokenize(NULL)", Want: "it's|3|o'clock|über|naïve\t[]\tNULL"},
			},
		},
		{
			Name: "ngrams", Family: "feature",
			Summary: "Lists the runs of n neighbours of a list of words, each joined by a blank.",
			Notes:   "A list shorter than n gives an empty one. n must be at least 1.",
			Source:  "nltk.ngrams",
			Params:  []fn.Param{{Name: "tokens", Type: words, Doc: "the words, as tokenize gives them"}, {Name: "n", Type: types.Of(types.Integer), Doc: "words in a run"}},
			Returns: words,
			Macro: "CASE WHEN n < 1 THEN error('ngrams: n must be at least 1') WHEN tokens IS NOT NULL AND n IS NOT NULL THEN " +
				"list_transform(range(1, greatest(1, len(tokens) - n + 2)), lambda __eider_i: array_to_string(tokens[__eider_i:__eider_i + n - 1], ' ')) END",
			Examples: []fn.Example{
				{SQL: "SELECT ngrams(tokenize('the quick brown fox'), 2), ngrams(['a'], 2)", Want: "[the quick, quick brown, brown fox]\t[]"},
				{SQL: "SELECT ngrams(['a'], 0)", Code: "22023"},
			},
		},
		embed(),
	}
}

// embeddingSize is the length of the vectors of the sentence model that embed is meant for, all-MiniLM-L6-v2.
const embeddingSize = 384

// embed is declared, so that its name and type are settled, before there is a library that computes it.
func embed() *fn.Decl {
	varchar := types.Of(types.Varchar)
	return &fn.Decl{
		Name: "embed", Family: "feature",
		Summary: "Gives the embedding of a text: a vector that lies near those of texts that mean the same.",
		Notes: "It takes a text and perhaps the name of a sentence model, and needs a native library that this version can't install yet: every call is an error (0A000) until then. " +
			"`cosine_similarity` compares vectors that were made elsewhere.",
		Params:   []fn.Param{{Name: "s", Type: varchar, Doc: "the text; a second argument names the model"}},
		Variadic: varchar,
		Returns:  &types.Type{ID: types.Array, Child: types.Of(types.Float), Size: embeddingSize},
		Bind: func([]fn.Arg) (fn.Bound, error) {
			return fn.Bound{}, sqlstate.New(sqlstate.FeatureNotSupported, "embed needs a library of sentence models, which this version has none of").
				WithHint("\"eider lib list\" shows the libraries that can be installed. Once one for embeddings is among them, \"eider lib install\" makes embed work.")
		},
		Examples: []fn.Example{{SQL: "SELECT embed('late again')", Code: "0A000"}},
	}
}
