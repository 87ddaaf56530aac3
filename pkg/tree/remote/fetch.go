package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// The limits of all downloads of a run.
const (
	// maxDownloads is their number.
	maxDownloads = 500
	// maxBytes is their size together, in bytes.
	maxBytes = tree.MaxBytes
)

// HostError is the error of a reference, or of a redirect, to a host that is not allowed.
type HostError struct{ Host string }

// Error names the host.
func (e *HostError) Error() string { return fmt.Sprintf("the host %s is not allowed", e.Host) }

// Fetcher downloads remote references, each one once. A nil Fetcher allows no host.
type Fetcher struct {
	ctx     context.Context
	allowed []string
	client  *http.Client

	mu           sync.Mutex
	files        map[string]file
	repositories map[string]repository
	// dir has the repositories, "" before the first one.
	dir string
	// left is how many bytes can still be downloaded.
	left int64
}

type file struct {
	data []byte
	err  error
}

type repository struct {
	checkout *Checkout
	err      error
}

// Checkout is a revision of a Git repository.
type Checkout struct {
	Tree *tree.Tree
	// Submodules are the directories of submodules, which are not downloaded.
	Submodules []string
}

// NewFetcher downloads from some hosts until a context ends; "*" stands for all hosts. The caller
// closes it.
func NewFetcher(ctx context.Context, hosts []string) *Fetcher {
	f := &Fetcher{ctx: ctx, files: map[string]file{}, repositories: map[string]repository{}, left: maxBytes}
	for _, host := range hosts {
		f.allowed = append(f.allowed, strings.Trim(strings.ToLower(host), "[]"))
	}
	f.client = newClient(f.check)
	return f
}

// check rejects a host that is not allowed.
func (f *Fetcher) check(host string) error {
	if f == nil || !slices.Contains(f.allowed, "*") && !slices.Contains(f.allowed, strings.Trim(host, "[]")) {
		return &HostError{Host: host}
	}
	return nil
}

// errTooMany is the error of the downloads after the limit.
var errTooMany = fmt.Errorf("%w: there are more than %d downloads", tree.ErrTooLarge, maxDownloads)

// File is the content of the file at a URL.
func (f *Fetcher) File(text string) ([]byte, error) {
	at, err := addressOf(text, httpsScheme, httpScheme)
	if err == nil {
		err = f.check(at.host)
	}
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	got, known := f.files[at.url]
	if !known {
		if got.err = f.count(); got.err == nil {
			got.data, got.err = f.get(at)
			got.err = masked(got.err)
		}
		f.files[at.url] = got
	}
	return got.data, got.err
}

// Repository is a repository at a ref.
func (f *Fetcher) Repository(r *Repository) (*Checkout, error) {
	at, err := r.address()
	if err == nil {
		err = f.check(at.host)
	}
	if err == nil {
		err = checkRef(r.Ref)
	}
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	key := at.url + "\n" + r.Ref
	got, known := f.repositories[key]
	if !known {
		if got.err = f.count(); got.err == nil {
			got.checkout, got.err = f.clone(r, at)
			got.err = masked(got.err)
		}
		f.repositories[key] = got
	}
	return got.checkout, got.err
}

// count limits the number of downloads.
func (f *Fetcher) count() error {
	if len(f.files)+len(f.repositories) >= maxDownloads {
		return errTooMany
	}
	return f.ctx.Err()
}

// maskedError is an error whose text may have had secrets in it.
type maskedError struct {
	text string
	err  error
}

func (e *maskedError) Error() string { return e.text }
func (e *maskedError) Unwrap() error { return e.err }

// masked is an error without the passwords and tokens of URLs.
func masked(err error) error {
	if err == nil {
		return nil
	}
	return &maskedError{text: mask.Mask(err.Error()), err: err}
}

// Close removes what was downloaded.
func (f *Fetcher) Close() error {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.client.CloseIdleConnections()
	var failed error
	for _, r := range f.repositories {
		if r.checkout != nil {
			failed = errors.Join(failed, r.checkout.Tree.Close())
		}
	}
	if f.dir != "" {
		failed = errors.Join(failed, os.RemoveAll(f.dir))
	}
	return failed
}
