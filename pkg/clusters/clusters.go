// Package clusters has the results of a command for several clusters: of each cluster its answer, or
// why there is none. A cluster without an answer is never treated as one without tenants.
package clusters

import "slices"

// Result is the answer of one cluster.
type Result[T any] struct {
	// Cluster is the name of the cluster's context in the kubeconfig.
	Cluster string
	// Value is the answer, the zero value if the cluster could not be read.
	Value T
	// Err is why the cluster could not be read.
	Err error
	// Partial: in spite of Err, Value has a part of the answer.
	Partial bool
	// Absent are the tenants or objects that the user named and that the cluster does not have.
	Absent []string
	// Empty reports that the cluster has nothing that the command is about.
	Empty bool
	// Notes are what a person should know besides the answer, in lines.
	Notes string
}

// Missing is a cluster that could not be read.
type Missing struct {
	Cluster string
	Reason  string
}

// MissingOf are the clusters that could not be read, in the order of the results.
func MissingOf[T any](results []Result[T]) []Missing {
	var missing []Missing
	for _, r := range results {
		if r.Err != nil {
			missing = append(missing, Missing{r.Cluster, r.Err.Error()})
		}
	}
	return missing
}

// Answered are the results with something to show: of clusters that were read, and that have one of the
// names if there are any.
func Answered[T any](results []Result[T], names []string) []Result[T] {
	return slices.DeleteFunc(slices.Clone(results), func(r Result[T]) bool {
		return r.Err != nil && !r.Partial || r.Empty || len(names) > 0 && !slices.ContainsFunc(names, r.has)
	})
}

// has reports whether the cluster has what the user named.
func (r Result[T]) has(name string) bool {
	return (r.Err == nil || r.Partial) && !r.Empty && !slices.Contains(r.Absent, name)
}

// Convert changes the values of the clusters that were read, and keeps the rest.
func Convert[T, U any](results []Result[T], convert func(T) (U, error)) ([]Result[U], error) {
	out := make([]Result[U], len(results))
	for i, r := range results {
		out[i] = Result[U]{Cluster: r.Cluster, Err: r.Err, Partial: r.Partial, Absent: r.Absent, Empty: r.Empty, Notes: r.Notes}
		if r.Err != nil && !r.Partial {
			continue
		}
		var err error
		if out[i].Value, err = convert(r.Value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Nowhere are the names that no cluster that was read has, in their order.
func Nowhere[T any](names []string, results []Result[T]) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.ContainsFunc(results, func(r Result[T]) bool {
			return r.has(name)
		})
	})
}
