package dicom

import (
	"cmp"
	"fmt"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// Options are the parameters of an association.
type Options struct {
	// Calling and Called are the AE titles of this side and of the peer; see
	// CheckAETitle.
	Calling, Called string
	// MaxPDU is the longest P-DATA-TF that this side accepts, in bytes as PS3.8 section D.1
	// counts them; 0 for 16 KiB. Answers are short.
	MaxPDU uint32
	// Contexts are proposed in this order, with the ids 1, 3, 5, …; 1 to 128.
	Contexts []Proposal
	Timeouts Timeouts
}

// Timeouts limit the waits of an association. The caller dials. Zero means the default.
type Timeouts struct {
	// Association limits the wait for the answer to A-ASSOCIATE-RQ; 30 s.
	Association time.Duration
	// Response limits the wait for a whole response to a message that has been
	// sent, and for A-RELEASE-RP; 60 s.
	Response time.Duration
	// Idle limits how long the peer may accept no bytes; 30 s. One write is at most some 130
	// KiB.
	Idle time.Duration
}

// Proposal is one presentation context: what to exchange, and the encodings to
// choose from.
type Proposal struct {
	AbstractSyntax   string
	TransferSyntaxes []string
}

const (
	defaultMaxPDU = 16 << 10
	maxContexts   = 128 // odd ids of one byte, PS3.8 table 9-13
)

func (t Timeouts) orDefaults() Timeouts {
	return Timeouts{
		Association: cmp.Or(t.Association, 30*time.Second),
		Response:    cmp.Or(t.Response, 60*time.Second),
		Idle:        cmp.Or(t.Idle, 30*time.Second),
	}
}

func (o Options) check() error {
	if err := CheckAETitle(o.Calling); err != nil {
		return fmt.Errorf("calling: %w", err)
	}
	if err := CheckAETitle(o.Called); err != nil {
		return fmt.Errorf("called: %w", err)
	}
	if n := len(o.Contexts); n == 0 || n > maxContexts {
		return fmt.Errorf("an association can have 1 to %d presentation contexts, not %d: use several associations", maxContexts, n)
	}
	for _, c := range o.Contexts {
		if len(c.TransferSyntaxes) == 0 {
			return fmt.Errorf("no transfer syntax is proposed for %s", c.AbstractSyntax)
		}
		for _, uid := range append([]string{c.AbstractSyntax}, c.TransferSyntaxes...) {
			if err := part10.CheckUID(uid); err != nil {
				return err
			}
		}
	}
	if o.MaxPDU > maxTaken {
		return fmt.Errorf("a maximum PDU length of %d bytes is too long: at most %d are allowed", o.MaxPDU, maxTaken)
	}
	return nil
}
