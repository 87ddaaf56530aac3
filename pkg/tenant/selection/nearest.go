package selection

import "github.com/spf13/cobra"

// Nearest is the name that is most similar to another, if any is similar, by the measure
// of cobra's suggestions for commands.
func Nearest(name string, names []string) string {
	for distance := range max(2, len(name)/3) + 1 {
		among := &cobra.Command{SuggestionsMinimumDistance: distance}
		for _, n := range names {
			among.AddCommand(&cobra.Command{Use: n, Run: func(*cobra.Command, []string) {}})
		}
		if found := among.SuggestionsFor(name); len(found) > 0 {
			return found[0]
		}
	}
	return ""
}
