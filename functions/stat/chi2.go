package stat

import "gonum.org/v1/gonum/mathext"

// pearson is the chi-squared test of homogeneity: whether both samples have the categories in
// the same shares. There is no correction for continuity.
func pearson(c *counts) (statistic, p, df float64) {
	n, used := c.nRef+c.nCur, 0
	for i := range c.ref {
		row := c.ref[i] + c.cur[i]
		if row == 0 {
			continue
		}
		used++
		a, b := row*c.nRef/n, row*c.nCur/n
		statistic += (c.ref[i]-a)*(c.ref[i]-a)/a + (c.cur[i]-b)*(c.cur[i]-b)/b
	}
	df = float64(max(used-1, 0))
	return statistic, chi2Survival(statistic, df), df
}

// chi2Survival is the probability that a chi-squared variable exceeds x.
func chi2Survival(x, df float64) float64 {
	if df <= 0 || x <= 0 {
		return 1
	}
	return mathext.GammaIncRegComp(df/2, x/2)
}
