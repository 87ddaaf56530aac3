package collect

import (
	"fmt"
	"sync"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// The limits of what one session reads, over all its lists.
const (
	// maxMemory bounds the memory of the objects, in bytes. Those of 1,000 tenants (7,000
	// objects of Flux, 140,000 in all) take 600 MiB to record, and 160 MiB for status.
	maxMemory = 1 << 30
	// maxObjects bounds their number.
	maxObjects = 500_000
	// maxPages bounds how many further pages lists have: 500 objects are requested
	// with each.
	maxPages = 2_000
	// maxItem bounds the JSON of one object in a list. etcd stores no object above 1.5 MiB by
	// default.
	maxItem = 4 << 20
	// bigItem is the size from which one item is decoded at a time: decoding an item takes
	// many times the memory of its JSON.
	bigItem = 256 << 10
	// listTime is how many times the time of one request a list may take.
	listTime = 10
)

// budget is the rest of a session's limits.
type budget struct {
	mu                     sync.Mutex
	memory, objects, pages int64
}

// budgetError is the error of a session that has read more than a cluster has. It ends
// the read, and the objects are dropped.
type budgetError string

func (e budgetError) Error() string {
	return "the answers exceed " + string(e) + ", the limit of one command; check that this is the cluster's API server (kubectl get namespaces), and if the cluster is as large as that, record single namespaces with 'kubectl get -o yaml' and read them with --from"
}

// keep counts an object of that many bytes.
func (b *budget) keep(memory int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.memory += memory
	b.objects++
	switch {
	case b.memory > maxMemory:
		return budgetError(fmt.Sprintf("%d MiB of objects", maxMemory>>20))
	case b.objects > maxObjects:
		return budgetError(fmt.Sprintf("%d objects", maxObjects))
	}
	return nil
}

// turn counts one further page.
func (b *budget) turn() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pages++; b.pages > maxPages {
		return budgetError(fmt.Sprintf("%d pages", maxPages))
	}
	return nil
}

// drop subtracts the objects of a list that is not kept.
func (b *budget) drop(memory int64, objects int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.memory -= memory
	b.objects -= int64(objects)
}

// pageTurner detects a list that does not end.
type pageTurner struct {
	of    *budget
	kind  string
	seen  map[string]bool
	until time.Time
	limit time.Duration
}

func (p *pageTurner) turn(token string) error {
	switch {
	case p.seen[token]:
		return request.Malformed("the %sList has no end: its continue token was sent twice", p.kind)
	case time.Now().After(p.until):
		return request.Malformed("the %sList did not end within %s; set a longer --request-timeout, which is a tenth of this time", p.kind, p.limit)
	}
	p.seen[token] = true
	return p.of.turn()
}
