package transfer

import (
	"context"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// onWrite is a connection that reports how many bytes were written.
type onWrite struct {
	net.Conn
	written func(n int)
}

// Write writes, and reports it.
func (c onWrite) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written(n)
	return n, err
}

// TestFileThatIsWrittenWhileItIsSent sends a file that another program still writes, and that
// had its final size from the beginning: the peer must not accept the partial content as the
// file.
func TestFileThatIsWrittenWhileItIsSent(t *testing.T) {
	for _, touched := range []bool{false, true} {
		p := (&peer{}).listen(t)
		const size = 4 << 20
		path := write(t, made(secondary, "2.25.1", part10.ExplicitVRLittleEndian, "1.2.3", size), t.TempDir(), "a.dcm")
		past := time.Now().Add(-time.Hour)
		if err := os.Chtimes(path, past, past); err != nil {
			t.Fatal(err)
		}
		o := to(p, path)
		sum, mu, once := 0, sync.Mutex{}, sync.Once{}
		o.Dial = func(ctx context.Context) (net.Conn, error) {
			conn, err := p.dial(ctx)
			return onWrite{conn, func(n int) {
				mu.Lock()
				defer mu.Unlock()
				if sum += n; touched && sum > size/4 {
					once.Do(func() { changeByte(t, path, size/2) })
				}
			}}, err
		}
		result, err := Files(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		p.mu.Lock()
		stored := p.stored["2.25.1"]
		p.mu.Unlock()
		if touched && (result.Stored != 0 || stored != 0 || len(result.Failed) != 1 || !strings.Contains(result.Failed[0].Reason, "the file has changed")) || !touched && (result.Stored != 1 || stored != 1) {
			t.Errorf("written meanwhile: %t; stored %d, failed %v, and the peer has it %d times", touched, result.Stored, result.Failed, stored)
		}
	}
}

// changeByte writes a byte in place.
func changeByte(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteAt([]byte{1}, at)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Error(err)
	}
}
