package send

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
)

// TestQueueTakesBack keeps workers until no file can come back to them.
func TestQueueTakesBack(t *testing.T) {
	q := newQueue(t.Context(), 2)
	f := file{path: "/a"}
	if err := q.put(f); err != nil {
		t.Fatal(err)
	}
	q.close()
	if _, ok := q.take(nil); !ok {
		t.Fatal("no file")
	}
	other := make(chan bool)
	go func() {
		_, ok := q.take(nil)
		other <- ok
	}()
	q.leave(f, errors.New("no association"))
	if !<-other {
		t.Error("a file that was given back has no taker")
	}
	q.placed()
	if _, ok := q.take(nil); ok {
		t.Error("there is still a file")
	}
	if left, why := q.left(); len(left) != 0 || why != nil {
		t.Errorf("left %v, %v", left, why)
	}
}

func TestQueueTakesWhatIsProposed(t *testing.T) {
	q := newQueue(t.Context(), 1)
	for i, class := range []string{"1.1", "1.2", "1.3"} {
		if err := q.put(file{path: string(rune('a' + i)), meta: dicom.Meta{SOPClass: class}}); err != nil {
			t.Fatal(err)
		}
	}
	second := map[kind]bool{{"1.2", ""}: true}
	if _, ok := q.takeOne(map[kind]bool{{"9.9", ""}: true}); ok {
		t.Error("took a file of another kind")
	}
	if f, _ := q.take(second); f.path != "b" {
		t.Errorf("took %s", f.path)
	}
	if f, _ := q.take(second); f.path != "a" {
		t.Errorf("then took %s", f.path)
	}
}

// TestShortenedWhileSent doesn't pass a part of a data set off as the whole.
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
	if all, err := io.ReadAll(d); !errors.Is(err, errChanged) || len(all) != 100 {
		t.Errorf("read %d bytes, %v", len(all), err)
	}
}

func TestOtherThanFiles(t *testing.T) {
	p := (&peer{}).listen(t)
	dir := study(t, 1)
	socket, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	r, err := Files(t.Context(), to(p, dir))
	if err != nil || r.Stored != 1 || names(r.Skipped) != "socket" || !strings.Contains(r.Skipped[0].Reason, "neither a file nor a directory") {
		t.Errorf("stored %d, skipped %v, %v", r.Stored, r.Skipped, err)
	}
}
