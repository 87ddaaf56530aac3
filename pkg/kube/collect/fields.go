package collect

import (
	"slices"
	"strings"
)

// fields are the fields of an object that are kept while it is decoded.
type fields struct {
	// whole is set if everything below is kept.
	whole bool
	below map[string]*fields
}

// identifying are the fields that are kept of every object.
var identifying = []string{
	"apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.labels", "metadata.generation",
	"metadata.resourceVersion", "metadata.creationTimestamp", "metadata.deletionTimestamp", "metadata.finalizers",
	"metadata.ownerReferences",
}

// everything is what is kept of an object without a choice of fields.
var everything = &fields{whole: true}

// fieldsOf are the fields with the paths, such as spec.containers.image: fields of the elements
// of lists are written as those of objects. Those of identifying are always kept.
func fieldsOf(paths []string) *fields {
	if len(paths) == 0 {
		return everything
	}
	root := &fields{}
	for _, path := range slices.Concat(identifying, paths) {
		at := root
		for name := range strings.SplitSeq(path, ".") {
			if at.below == nil {
				at.below = map[string]*fields{}
			}
			if at.below[name] == nil {
				at.below[name] = &fields{}
			}
			at = at.below[name]
		}
		at.whole = true
	}
	return root
}

// of are the fields that are kept below a field, nil if it is not kept.
func (f *fields) of(name string) *fields {
	if f.whole {
		return f
	}
	return f.below[name]
}
