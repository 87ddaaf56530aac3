package cert

import (
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/issue"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// TestParse converts the flags of 'cert issue' to options of the service.
func TestParse(t *testing.T) {
	const day = 24 * time.Hour
	defaults := issue.Options{
		Via: issue.ViaIssuer, Timeout: time.Minute, Request: issue.Request{Algorithm: certs.RSA},
		Lifetime: issue.Lifetime{Duration: 365 * day, Shorten: true},
	}
	for _, c := range []struct {
		args string
		want func(*issue.Options)
		err  string
	}{
		{args: "", want: func(*issue.Options) {}},
		{args: "--duration=30d", want: func(o *issue.Options) { o.Lifetime = issue.Lifetime{Duration: 30 * day} }},
		{args: "--duration=30d --clamp", want: func(o *issue.Options) { o.Lifetime.Duration = 30 * day }},
		{args: "--key-algorithm=ECDSA --key-size=384", want: func(o *issue.Options) { o.Request.Algorithm, o.Request.KeySize = certs.ECDSA, 384 }},
		{args: "--via=secret --ca-secret=a/b", want: func(o *issue.Options) { o.Via, o.CASecret = issue.ViaSecret, "a/b" }},
		{args: "--issuer=ClusterIssuer/x --keep-request --timeout=5s", want: func(o *issue.Options) { o.Issuer, o.KeepRequest, o.Timeout = "ClusterIssuer/x", true, 5*time.Second }},
		{args: "--csr=x", want: func(o *issue.Options) { o.Request = issue.Request{} }},
		{args: "--ca-secret=a", err: "--ca-secret requires --via secret"},
		{args: "--timeout=0s", err: "--timeout must be above 0"},
		{args: "--name=..", err: "can't be the prefix of file names"},
	} {
		o := &issueOptions{printer: newPrinter(&command.Call{Kube: genericclioptions.NewConfigFlags(false)})}
		cmd := o.command()
		if err := cmd.ParseFlags(strings.Fields(c.args)); err != nil {
			t.Fatal(err)
		}
		got, err := o.parse(cmd)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %q", c.args, err, c.err)
		}
		if err != nil {
			continue
		}
		want := defaults
		c.want(&want)
		if got.Via != want.Via || got.Issuer != want.Issuer || got.CASecret != want.CASecret || got.KeepRequest != want.KeepRequest || got.Timeout != want.Timeout || got.Lifetime != want.Lifetime ||
			got.Request.Algorithm != want.Request.Algorithm || got.Request.KeySize != want.Request.KeySize {
			t.Errorf("%s: %+v, want %+v", c.args, got, want)
		}
	}
}

// TestPlainName accepts only names without a path.
func TestPlainName(t *testing.T) {
	for name, good := range map[string]bool{
		"bhs": true, "ct 1": true, "é": true, "a.b": true,
		"": false, ".": false, "..": false, "a/b": false, `a\b`: false, " a": false, "a\x00": false, "a\nb": false, "\xff": false,
	} {
		if err := plainName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}
