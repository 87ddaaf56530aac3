package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/checktest"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

func TestJudgeTCP(t *testing.T) {
	at := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 443}, Err: err}
	}
	system := func(number syscall.Errno) error { return at(os.NewSyscallError("connect", number)) }
	for _, c := range []struct {
		about   string
		err     error
		code    finding.Code
		message string
	}{
		{about: "refused", err: system(syscall.ECONNREFUSED), code: check.CodeRefused, message: "nothing listens on 192.0.2.7:443"},
		{about: "the kernel's time is up", err: system(syscall.ETIMEDOUT), code: check.CodeNoAnswer, message: "no response from 192.0.2.7:443"},
		{about: "the dialler's", err: at(os.ErrDeadlineExceeded), code: check.CodeNoAnswer, message: "192.0.2.7:443"},
		{about: "the check's", err: fmt.Errorf("connecting: %w", context.DeadlineExceeded), code: check.CodeNoAnswer, message: "web.bhs.orthweb.com:443"},
		{about: "no network", err: system(syscall.ENETUNREACH), code: check.CodeNoRoute, message: "no route from this machine to 192.0.2.7:443"},
		{about: "no host", err: system(syscall.EHOSTUNREACH), code: check.CodeNoRoute, message: "192.0.2.7:443"},
		{about: "not known", err: errors.New("too many open files"), code: check.CodeNoConnection, message: "connection failed: too many open files"},
	} {
		checktest.Expect(t, c.about, JudgeTCP(check.Endpoint{Host: "web.bhs.orthweb.com", Port: 443}, c.err, "bhs"), check.Fail, c.code, c.message)
	}
}
