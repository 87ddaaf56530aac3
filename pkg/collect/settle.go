package collect

import (
	"context"
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// maxRounds bounds how often reasoning may ask for more. The longest chain that
// explainers follow, from a layer to a node's pods, takes about ten; more is a
// program error, and said to be one.
const maxRounds = 30

// manyNamespaces is how many lists of one kind, each of a namespace, cost more
// than one of all namespaces.
const manyNamespaces = 8

// Settle reads what reasoning asks for until nothing is open. In each round,
// reason runs on what is known; all queries that it runs into are requested in
// parallel and added. With a scope, lists of all namespaces are confined to it
// (snapshot.NewInquiry).
//
// The last run of reason has seen all that it asked for, or why that can't be
// read. The error is Read's, or that reasoning did not come to an end.
func (s *Session) Settle(ctx context.Context, snap *snapshot.Snapshot, scope []string, reason func(*snapshot.Snapshot)) (*snapshot.Snapshot, error) {
	requested := map[snapshot.Query]bool{}
	for range maxRounds {
		inquiry := snapshot.NewInquiry(scope)
		reason(snap.Recording(inquiry))
		var open []snapshot.Query
		for _, query := range inquiry.Open() {
			if !requested[query] { // else it was refused, and how is in the snapshot
				requested[query] = true
				open = append(open, query)
			}
		}
		if len(open) == 0 {
			return snap, nil
		}
		more, err := s.Read(ctx, wantsOf(open))
		if err != nil {
			return nil, err
		}
		snap = snapshot.Join(snap, more)
	}
	return nil, fmt.Errorf("reading the cluster: queries were still open after %d rounds; this is a bug, please report it", maxRounds)
}

// wantsOf puts the queries of each kind together: a list of each namespace, or
// one of all where those are many.
func wantsOf(queries []snapshot.Query) []Want {
	type list struct {
		snapshot.Query
		namespaces []string
		all        bool
	}
	var lists []*list
	byKind := map[snapshot.Query]*list{}
	for _, query := range queries {
		kind := query
		kind.Namespace = ""
		l := byKind[kind]
		if l == nil {
			l = &list{Query: kind}
			byKind[kind] = l
			lists = append(lists, l)
		}
		if query.Namespace == "" {
			l.all = true
		} else {
			l.namespaces = append(l.namespaces, query.Namespace)
		}
	}
	wants := make([]Want, len(lists))
	for i, l := range lists {
		wants[i] = Want{GroupKind: l.GroupKind, FieldSelector: l.FieldSelector, Metadata: l.Metadata}
		if l.all || len(l.namespaces) > manyNamespaces {
			wants[i].Fallback = l.namespaces
		} else {
			wants[i].Namespaces = l.namespaces
		}
	}
	return wants
}
