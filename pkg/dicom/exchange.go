package dicom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// Echo verifies that the peer responds (C-ECHO, PS3.7 section 9.1.5). It needs an accepted
// context for Verification. Errors are a *RefusedError or a *StatusError, after which the
// association continues, or the error that ended it.
func (a *Association) Echo(ctx context.Context) (Status, error) {
	done, err := a.begin(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("C-ECHO: %w", err)
	}
	defer done()
	id, err := a.context(part10.Verification, "")
	if err != nil {
		return Status{}, fmt.Errorf("C-ECHO: %w", err)
	}
	rq := request{context: id, field: cEchoRQ, sopClass: part10.Verification}
	return a.exchange("C-ECHO", rq, nil)
}

// Store sends one instance (C-STORE, PS3.7 section 9.1.1; PS3.4 annex B). data returns the
// data set as it is in the file after m.DataOffset, and is read to its end; a read that
// blocks is not interrupted. A deflated data set of odd length gets the null byte that PS3.5
// section A.5 requires; any other is an error. Errors are a *RefusedError or a *StatusError,
// after which the association continues, or the error that ended it; see Err. A warning is
// not an error: see the Status. If data fails before any of it was sent, the association
// continues; otherwise the message can't be completed, and the association is aborted.
func (a *Association) Store(ctx context.Context, m part10.Meta, data io.Reader) (Status, error) {
	doing := "C-STORE of " + m.SOPInstance
	done, err := a.begin(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("%s: %w", doing, err)
	}
	defer done()
	id, err := a.context(m.SOPClass, m.TransferSyntax)
	if err != nil {
		return Status{}, fmt.Errorf("%s: %w", doing, err)
	}
	a.source.Reset(data)
	rq := request{context: id, field: cStoreRQ, sopClass: m.SOPClass, instance: m.SOPInstance}
	return a.exchange(doing, rq, streamed{a.source, m.TransferSyntax == part10.Deflated})
}

// context finds the accepted context for a SOP class and a transfer syntax, ""
// for any.
func (a *Association) context(sopClass, syntax string) (byte, error) {
	refused := &RefusedError{SOPClass: sopClass, TransferSyntax: syntax}
	for _, r := range a.results {
		if r.Proposal.AbstractSyntax != sopClass {
			continue
		}
		if r.Accepted() && (syntax == "" || r.TransferSyntax == syntax) {
			return r.ID, nil
		}
		for _, proposed := range r.Proposal.TransferSyntaxes {
			if syntax != "" && proposed != syntax {
				continue
			}
			refused.TransferSyntax, refused.Proposed, refused.Result = proposed, true, r.Result
			if r.Accepted() { // in another one of several
				refused.Result = TransferSyntaxesNotSupported
			}
		}
	}
	return 0, refused
}

// request is a C-ECHO-RQ, or a C-STORE-RQ if there is an instance.
type request struct {
	context            byte
	field              uint16
	sopClass, instance string
}

// encode appends the command set (PS3.7 tables 9.3-1 and 9.3-12).
func (r request) encode(buf []byte, messageID uint16) []byte {
	c := newCommand(buf).uid(tagSOPClass, r.sopClass).number(tagField, r.field).number(tagMessageID, messageID)
	if r.instance == "" {
		return c.number(tagDataSetType, noDataSet).bytes()
	}
	const medium = 0
	return c.number(tagPriority, medium).number(tagDataSetType, withDataSet).uid(tagInstance, r.instance).bytes()
}

// exchange sends a request and reads its response.
func (a *Association) exchange(doing string, rq request, data source) (Status, error) {
	a.next = max(1, a.next+1)
	a.command = rq.encode(a.command, a.next)
	if err := a.out.message(rq.context, a.command, data); err != nil {
		var source *sourceError
		if errors.As(err, &source) && !a.out.begun {
			return Status{}, fmt.Errorf("%s: %w", doing, err)
		}
		return Status{}, a.fail(doing, err)
	}
	a.allow(a.timeouts.Response)
	a.requestAck()
	rsp, err := a.readResponse(rq)
	if err != nil {
		return Status{}, a.fail(doing, a.late(err, "the response", a.timeouts.Response))
	}
	status := Status{Code: rsp.status, Comment: part10.Printable(rsp.comment, maxComment)}
	if !status.Success() && !status.Warning() {
		return status, fmt.Errorf("%s: %w", doing, &StatusError{Operation: rq.operation(), Status: status})
	}
	return status, nil
}

func (r request) operation() string {
	if r.field == cEchoRQ {
		return "C-ECHO"
	}
	return "C-STORE"
}

// readResponse reads a response and compares it with the request.
func (a *Association) readResponse(rq request) (response, error) {
	set, err := a.readCommand(rq.context)
	if err != nil {
		return response{}, err
	}
	rsp, err := parseResponse(set)
	if err != nil {
		return rsp, err
	}
	const isResponse = 0x8000
	differs := func(got []byte, want string) bool {
		return len(got) > 0 && string(bytes.TrimRight(got, "\x00 ")) != want
	}
	switch {
	case rsp.field != rq.field|isResponse:
		err = unexpected("answered %s with a command of the field %04XH", rq.operation(), rsp.field)
	case rsp.respondedTo != a.next:
		err = unexpected("answered the message %d instead of %d", rsp.respondedTo, a.next)
	case rsp.dataSetType != noDataSet:
		err = malformed("announced a data set with its response, which has none")
	case differs(rsp.sopClass, rq.sopClass):
		err = malformed("answered for the SOP class %q instead of %s", part10.PrintableUID(rsp.sopClass), rq.sopClass)
	case rq.instance != "" && differs(rsp.instance, rq.instance):
		err = malformed("answered for the instance %q instead of %s", part10.PrintableUID(rsp.instance), rq.instance)
	}
	return rsp, err
}
