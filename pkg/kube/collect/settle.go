package collect

import (
	"context"
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// maxRounds bounds the rounds of queries. The longest chain that explainers follow, from a
// layer to a node's pods, needs about ten; more is a bug, and reported as one.
const maxRounds = 30

// manyNamespaces is how many lists of one kind, each of a namespace, cost more
// than one of all namespaces.
const manyNamespaces = 8

// Settle reads what reasoning queries until no query is open. In each round, reason runs on
// the known objects; its open queries are requested in parallel and the answers added.
// With a scope, lists of all namespaces are limited to it (snapshot.NewInquiry).
//
// The last run of reason has the answers to all its queries, or why they can't be read. The
// error is Read's, or that queries were still open after the last round.
func (s *Session) Settle(ctx context.Context, snap *snapshot.Snapshot, scope []string, reason func(*snapshot.Snapshot)) (*snapshot.Snapshot, error) {
	requested := map[snapshot.Query]bool{}
	for range maxRounds {
		inquiry := snapshot.NewInquiry(scope)
		reason(snap.Recording(inquiry))
		var open []snapshot.Query
		for _, query := range inquiry.Open() {
			if !requested[query] { // otherwise it was refused, and the snapshot has the reason
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

// wantsOf combines the queries of each kind: a list of each namespace, or one of all if
// there are many.
func wantsOf(queries []snapshot.Query) []Query {
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
	required := make([]Query, len(lists))
	for i, l := range lists {
		required[i] = Query{GroupKind: l.GroupKind, FieldSelector: l.FieldSelector, Metadata: l.Metadata}
		if l.all || len(l.namespaces) > manyNamespaces {
			required[i].Fallback = l.namespaces
		} else {
			required[i].Namespaces = l.namespaces
		}
	}
	return required
}
