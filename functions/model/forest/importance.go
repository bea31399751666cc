package forest

// Importance implements model.Importancer: each feature's summed gain over all splits.
func (f *Forest) Importance() (values []float64, method string) {
	values = make([]float64, f.ens.features)
	for k := range f.ens.trees {
		for i := range f.ens.trees[k].nodes {
			if n := &f.ens.trees[k].nodes[i]; n.left != 0 {
				values[f.ens.columns[n.column].feature] += max(n.gain, 0)
			}
		}
	}
	return values, "total gain"
}
