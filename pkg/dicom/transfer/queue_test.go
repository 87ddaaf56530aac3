package transfer

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// waiting is a queue with one association open, and files of these SOP classes.
func waiting(t *testing.T, classes ...string) *queue {
	t.Helper()
	q := newQueue(t.Context(), limit{most: 4, now: 4, growth: growth})
	for i, class := range classes {
		if err := q.put(file{path: string(rune('a' + i)), meta: part10.Meta{SOPClass: class}}); err != nil {
			t.Fatal(err)
		}
	}
	if !q.turn() {
		t.Fatal("no association may be asked for")
	}
	q.opened()
	q.unused-- // it has had a file
	return q
}

// TestQueueReturnsFile checks that workers stay until no file can return to the queue.
func TestQueueReturnsFile(t *testing.T) {
	kinds := map[kind]bool{{"1.1", ""}: true}
	q := waiting(t, "1.1")
	q.close()
	f, ok := q.takeOne(kinds)
	if !ok || q.needed.Err() != nil {
		t.Fatal("no file, or none is expected back")
	}
	q.open++ // in use by another worker
	other := make(chan next)
	go func() {
		_, what := q.take(kinds, time.Minute, false)
		other <- what
	}()
	q.giveBack(f)
	q.died(errors.New("the peer died"), false)
	if <-other != sendFile {
		t.Error("a file that was given back has no taker")
	}
	if q.turn() || q.needed.Err() == nil {
		t.Error("an association is of use without files")
	}
	if _, what := q.take(kinds, time.Minute, false); what != releaseIt {
		t.Error("there is still a file")
	}
	if left, why := q.left(); len(left) != 0 || why != nil || q.open != 0 {
		t.Errorf("left %v, %v, %d open", left, why, q.open)
	}
}

func TestQueueTakesProposedKinds(t *testing.T) {
	q := waiting(t, "1.1", "1.2", "1.3")
	second := map[kind]bool{{"1.2", ""}: true}
	if _, ok := q.takeOne(map[kind]bool{{"9.9", ""}: true}); ok {
		t.Error("took a file of another kind")
	}
	if f, what := q.take(second, time.Minute, false); f.path != "b" || what != sendFile {
		t.Errorf("took %s", f.path)
	}
	if _, what := q.take(second, time.Minute, false); what != replaceIt || q.open != 0 || q.requesting != 1 {
		t.Errorf("what to do is %d; %d open, %d asking", what, q.open, q.requesting)
	}
}

// TestQueueRequestsNoUnusedAssociation checks that a file for which an association was just
// opened does not request another one; a second file does.
func TestQueueRequestsNoUnusedAssociation(t *testing.T) {
	q := newQueue(t.Context(), limit{most: 4, now: 4, growth: growth})
	if err := errors.Join(q.put(file{path: "a"}), q.put(file{path: "b"})); err != nil || !q.turn() {
		t.Fatal(err)
	}
	q.opened()
	if !q.mayAsk() {
		t.Error("two files take no second association")
	}
	if _, ok := q.takeOne(map[kind]bool{{}: true}); !ok || q.mayAsk() {
		t.Error("one file takes a second association")
	}
}

// TestQueueReleasesIdleAssociation checks that no association waits long for a file of its
// kinds: one file waits, and another association is requested to send it.
func TestQueueReleasesIdleAssociation(t *testing.T) {
	q := waiting(t, "1.1")
	q.requesting++
	if _, what := q.take(nil, time.Millisecond, false); what != releaseIt || q.open != 0 {
		t.Errorf("what to do is %d; %d open", what, q.open)
	}
}

// TestShortenedWhileSent checks that a part of a data set is not sent as the complete one.
func TestShortenedWhileSent(t *testing.T) {
	path := filepath.Join(study(t, 1), "0000.dcm")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := (&transfer{}).open(file{path: path, size: info.Size(), modified: info.ModTime()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	if all, err := io.ReadAll(d); !errors.Is(err, ErrChanged) || len(all) != 100 {
		t.Errorf("read %d bytes, %v", len(all), err)
	}
}

func TestNonRegularFiles(t *testing.T) {
	p := (&peer{}).listen(t)
	dir := study(t, 1)
	socket, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	r, err := Files(t.Context(), to(p, dir))
	if err != nil || r.Stored != 1 || names(r.Skipped) != "socket" || !strings.Contains(r.Skipped[0].Reason, "neither a regular file nor a directory") {
		t.Errorf("stored %d, skipped %v, %v", r.Stored, r.Skipped, err)
	}
}

// TestPauses checks how long to wait after the peer declined an association, and after a lost
// one.
func TestPauses(t *testing.T) {
	steps := func(b wait.Backoff, n int) (all []time.Duration) {
		for range n {
			all = append(all, b.Step())
		}
		return all
	}
	const s = time.Second
	if got, want := steps(growth, 8), []time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s}; !slices.Equal(got, want) {
		t.Errorf("after an association was declined: %v, want %v", got, want)
	}
	retry := newTransfer(Options{}).options.Backoff
	if got, want := steps(retry, retry.Steps), []time.Duration{s / 2, s, 2 * s, 4 * s, 8 * s}; !slices.Equal(got, want) {
		t.Errorf("after one died: %v, want %v", got, want)
	}
}
