package transfer

import (
	"errors"
	"io"
	"os"
	"time"
)

// ErrChanged is the error of a file that another program writes to while it is sent.
var ErrChanged = errors.New("the file has changed since it was scanned")

// data reads a file's data set while it is sent: as many bytes as when the file was
// scanned, or an error, so that the peer never stores an incomplete data set.
type data struct {
	file     *os.File
	modified time.Time
	size     int64
	left     int64
	sent     int64
	pace     *pace
}

func (t *transfer) open(f file) (*data, error) {
	opened, err := os.Open(f.path)
	if err != nil {
		return nil, unwrapped(err)
	}
	d := &data{file: opened, modified: f.modified, size: f.size, left: f.size - f.meta.DataOffset - f.trailing, pace: &t.pace}
	err = d.unchanged()
	if err == nil {
		_, err = opened.Seek(f.meta.DataOffset, io.SeekStart)
	}
	if err != nil {
		d.close()
		return nil, unwrapped(err)
	}
	return d, nil
}

// unchanged fails if the file has changed since it was scanned.
func (d *data) unchanged() error {
	info, err := d.file.Stat()
	if err == nil && (info.Size() != d.size || !info.ModTime().Equal(d.modified)) {
		err = ErrChanged
	}
	return err
}

// Read reads the data set. Its end is an error if the file was written in the meantime: the
// peer stores nothing then.
func (d *data) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	n, err := d.file.Read(p[:min(int64(len(p)), d.left)])
	d.left -= int64(n)
	d.sent += int64(n)
	d.pace.bytes.Add(int64(n))
	switch {
	case err == io.EOF && d.left > 0:
		err = ErrChanged
	case err == nil && d.left == 0:
		err = d.unchanged()
	}
	return n, err
}

// takeBack subtracts the bytes that were read and not stored from the progress.
func (d *data) takeBack() { d.pace.bytes.Add(-d.sent) }

func (d *data) close() {
	if d != nil {
		_ = d.file.Close()
	}
}
