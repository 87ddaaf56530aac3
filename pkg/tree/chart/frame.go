package chart

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// The messages between the two processes are JSON, each after its length in four bytes.

// request asks the process to render a release.
type request struct {
	// Files and Local are those of the chart; without them, it is that of the last request.
	Files []File            `json:"files,omitempty"`
	Local map[string][]File `json:"local,omitempty"`
	// Release is what the chart is rendered with.
	Release Release `json:"release"`
}

// response is the answer: one of the two.
type response struct {
	Result *Result `json:"result,omitempty"`
	Error  *Error  `json:"error,omitempty"`
}

// The sizes of messages, in bytes: in JSON, files are a third larger, and control characters six
// times as large.
const (
	maxRequest = 2*maxBytes + 4*tree.MaxFile
	// maxOutput is the size of the manifests of a release.
	maxOutput   = 4 << 20
	maxResponse = 8 * maxOutput
)

var errTooLong = errors.New("the message is too long")

// writeFrame writes a message.
func writeFrame(w io.Writer, message any, limit int) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if len(body) > limit {
		return errTooLong
	}
	if err := binary.Write(w, binary.BigEndian, uint32(len(body))); err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
}

// readFrame reads a message of a limited size. At the end of the input, the error is io.EOF.
func readFrame(r io.Reader, message any, limit int) error {
	var size uint32
	if err := binary.Read(r, binary.BigEndian, &size); err != nil {
		return err
	}
	if int64(size) > int64(limit) {
		return errTooLong
	}
	body, err := io.ReadAll(io.LimitReader(r, int64(size)))
	switch {
	case err != nil:
		return err
	case len(body) < int(size):
		return io.ErrUnexpectedEOF
	}
	if err := json.Unmarshal(body, message); err != nil {
		return fmt.Errorf("decode a message: %w", err)
	}
	return nil
}

// check rejects a response that the process of this program does not write.
func (r *response) check() error {
	switch {
	case (r.Result == nil) == (r.Error == nil):
		return errors.New("the answer has neither a result nor an error, or both")
	case r.Error != nil:
		return nil
	}
	if len(r.Result.Manifests) > maxObjects {
		return fmt.Errorf("the answer has more than %d manifests", maxObjects)
	}
	return nil
}
