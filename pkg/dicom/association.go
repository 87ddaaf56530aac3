package dicom

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// Association is an open association. It carries one operation at a time; others wait for
// their turn. After a protocol violation, a timeout, a lost connection or a cancelled
// context it has ended, and every further operation returns the reason; see Err.
type Association struct {
	conn     net.Conn
	timeouts Timeouts
	maxPDU   uint32
	peer     Peer
	results  []Result

	requestAck func()        // the acknowledgement of an answer, see quickAck
	turn       chan struct{} // held by the operation under way
	in         *bufio.Reader
	body       []byte // of the PDU read last
	out        *sender
	source     *bufio.Reader
	command    []byte // the last one sent
	answer     []byte // the command set read last
	next       uint16 // message id
	// readUntil is when the message that is being read must be complete.
	readUntil time.Time
	// active is when something was last sent or received, and idle is how long there was no
	// traffic before the current operation.
	active time.Time
	idle   time.Duration

	mu sync.Mutex
	// cause is why the association is over, nil while it isn't.
	cause error
	// stop is why the current operation must end immediately.
	stop error
	// partiallyWritten: a write failed, so that the peer may have got half a PDU.
	partiallyWritten bool
}

// Associate requests an association from the peer over conn, which it then owns: conn is
// closed when the association ends, and when Associate fails. A cancelled ctx ends the
// attempt within a second. Errors are about an invalid option, or a *RejectError,
// *AbortError, *ProtocolError, *TimeoutError, or the connection's. An accepted association
// may have no accepted context; see Contexts.
func Associate(ctx context.Context, conn net.Conn, o Options) (*Association, error) {
	if err := o.check(); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("requesting an association: %w", err)
	}
	if o.MaxPDU == 0 {
		o.MaxPDU = defaultMaxPDU
	}
	a := &Association{
		conn: conn, timeouts: o.Timeouts.orDefaults(), maxPDU: o.MaxPDU, requestAck: quickAck(conn),
		turn: make(chan struct{}, 1), in: bufio.NewReaderSize(conn, 8<<10), active: time.Now(),
	}
	if ctx.Err() != nil {
		a.closeConn()
		return nil, fmt.Errorf("requesting an association: %w", context.Cause(ctx))
	}
	done, err := a.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := a.negotiate(o); err != nil {
		return nil, err
	}
	a.out = newSender(a.peer.MaxPDU, a.write)
	a.source = bufio.NewReaderSize(nil, 32<<10)
	return a, nil
}

func (a *Association) negotiate(o Options) error {
	if err := a.write(associateRQ(o)); err != nil {
		return a.fail("requesting an association", err)
	}
	a.allow(a.timeouts.Association)
	a.requestAck()
	kind, body, err := a.readPDU()
	if err == nil {
		switch kind {
		case pduAssociateAC:
			a.peer, a.results, err = parseAccept(body, o.Contexts)
		case pduAssociateRJ:
			err = &RejectError{Result: body[1], Source: body[2], Reason: body[3]}
		default:
			err = unexpected("answered A-ASSOCIATE-RQ with an %s", pduNames[kind])
		}
	}
	if err != nil {
		return a.fail("requesting an association", a.late(err, "the answer to A-ASSOCIATE-RQ", a.timeouts.Association))
	}
	return nil
}

// Contexts are the answers to the proposals, in their order.
func (a *Association) Contexts() []Result { return slices.Clone(a.results) }

// Peer is the peer's description of itself.
func (a *Association) Peer() Peer { return a.peer }

// Err is why the association is over: nil while it can be used, ErrReleased
// also after Release.
func (a *Association) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cause
}
