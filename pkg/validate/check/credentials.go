package check

import (
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Credentials are the user and password of one tenant's Orthanc; the zero value has none.
// They leave the program in one place, web.request: they are sent to their own tenant, over
// a connection whose server was verified. They are never printed.
type Credentials struct {
	tenant, User, password string
}

// NewCredentials creates the credentials of a tenant. Without a user they are empty.
func NewCredentials(tenant, user, password string) Credentials {
	if user == "" {
		return Credentials{}
	}
	return Credentials{tenant: tenant, User: user, password: password}
}

// Given reports whether the credentials are set.
func (c Credentials) Given() bool { return c.User != "" }

// Format hides the password, whatever the verb (fmt.Formatter).
func (c Credentials) Format(state fmt.State, _ rune) {
	if !c.Given() {
		_, _ = io.WriteString(state, "none")
		return
	}
	_, _ = fmt.Fprintf(state, "%s of %s, password hidden", c.User, c.tenant)
}

// AddTo signs a request to a tenant's Orthanc.
func (c Credentials) AddTo(request *http.Request, tenant string) error {
	if c.tenant != tenant {
		return fmt.Errorf("the password of %s is not for %s", c.tenant, tenant)
	}
	request.SetBasicAuth(c.User, c.password)
	return nil
}

// AppearsIn reports whether a text has the password: verbatim, as it is sent, or as a page
// or a URL encodes it.
func (c Credentials) AppearsIn(text string) bool {
	if c.password == "" {
		return false
	}
	for _, form := range []string{
		c.password, base64.StdEncoding.EncodeToString([]byte(c.User + ":" + c.password)),
		base64.StdEncoding.EncodeToString([]byte(c.password)), html.EscapeString(c.password),
		url.QueryEscape(c.password), url.PathEscape(c.password), strings.Trim(strconv.Quote(c.password), `"`),
	} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

// UnverifiedError is why a server's certificate could not be verified.
type UnverifiedError struct{ why error }

func (e *UnverifiedError) Error() string {
	return "the server's certificate could not be verified: " + e.why.Error()
}

func (e *UnverifiedError) Unwrap() error { return e.why }

// UnknownCA is why a server of the tenant can't be verified at all.
func UnknownCA(s Subject) error {
	if s.CAUnread == "" {
		return errors.New("its CA is not known")
	}
	return errors.New("its CA is not known: " + s.CAUnread)
}
