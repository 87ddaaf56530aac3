package web

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// maxText limits the text of an answer that is shown, in characters.
const maxText = 200

// htmlTitle matches the title of a page. It is compiled when it is needed: this takes 4 ms, which
// each command would need to start.
var htmlTitle = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?is)<title[^>]{0,200}>([^<]{1,1000})</title`)
})

// orthancError is the body of Orthanc's own errors (HttpOutput.cpp, with
// HttpDescribeErrors).
type orthancError struct{ HttpError, Message, Details, OrthancError string }

// readOrthancError reports whether Orthanc itself answered with the error.
func readOrthancError(r Reply) (e orthancError, ok bool) {
	ok = json.Unmarshal(r.Body, &e) == nil && e.HttpError != "" && e.OrthancError != ""
	return e, ok
}

// ShortText is the text of an answer, after ": ", if it is short: the message of Orthanc's
// own errors, a page's title, or the beginning of plain text, such as a gateway's own
// errors ("no healthy upstream"). An answer that contains the password in any form, as
// servers for debugging return it, is not repeated.
func ShortText(r Reply, login check.Credentials) string {
	text := string(r.Body)
	if login.AppearsIn(text) {
		return ""
	}
	quote := false
	if e, ok := readOrthancError(r); ok {
		text = e.Message + " " + e.Details
	} else if title := htmlTitle().FindStringSubmatch(text); title != nil {
		text, quote = html.UnescapeString(title[1]), true
	} else if strings.Contains(text, "<") {
		return ""
	}
	text = bounded(text)
	if text == "" || login.AppearsIn(text) {
		return ""
	}
	if quote {
		return ": a page with the title " + strconv.Quote(text)
	}
	return ": " + text
}

// bounded is a text in one line of at most maxText characters, empty if it has control
// characters or is not text.
func bounded(text string) string {
	if len(text) > 16*maxText {
		text = text[:16*maxText]
	}
	fields := strings.Fields(strings.ToValidUTF8(text, "\uFFFD"))
	line := []rune(strings.Join(fields, " "))
	for _, c := range line {
		if unicode.IsControl(c) {
			return ""
		}
	}
	if len(line) > maxText {
		return string(line[:maxText]) + "…"
	}
	return string(line)
}

// location is the target of a redirect, nil if Location is not a URL.
func location(r Reply) *url.URL {
	from, err := url.Parse(r.URL)
	value := r.Header.Get("Location")
	if err != nil || value == "" {
		return nil
	}
	to, err := from.Parse(value)
	if err != nil || to.Host == "" {
		return nil
	}
	return to
}

// shownURL is a URL without the parts that may contain secrets: user, query and fragment.
func shownURL(u *url.URL, login check.Credentials) string {
	text := bounded((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
	if login.AppearsIn(text) || login.AppearsIn(u.Path) || text == "" {
		return "a URL that is not shown here"
	}
	return text
}

// maxRetryAfter bounds the seconds of Retry-After that are shown: a day.
const maxRetryAfter = 24 * 60 * 60

// retryAfter describes Retry-After, after "; ".
func retryAfter(r Reply) string {
	value := r.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 && seconds <= maxRetryAfter {
		return "; the server asks to retry after " + strconv.Itoa(seconds) + "s"
	}
	if at, err := http.ParseTime(value); err == nil {
		return "; the server asks to retry after " + at.UTC().Format("2006-01-02 15:04 UTC")
	}
	return ""
}
