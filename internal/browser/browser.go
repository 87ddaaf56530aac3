// Package browser opens pages in Chromium without a window, and reports what the browser did with
// them: requests, errors, violations of the page's policy. It speaks the DevTools protocol.
package browser

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// patience is how long a browser may take to answer.
const patience = time.Minute

// Page is a page in a browser of its own.
type Page struct {
	t       testing.TB
	conn    *websocket.Conn
	session string
	next    int
	answers chan message

	mu sync.Mutex
	// requests are the URLs that were requested, problems what the browser reported.
	requests, problems []string
	loaded             chan struct{}
}

// message is a message of the DevTools protocol: a call, its answer, or an event.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   json.RawMessage `json:"error,omitempty"`
}

// Open opens a URL, and waits until the page is loaded. The browser ends with the test.
func Open(t testing.TB, url string) *Page {
	t.Helper()
	p := &Page{t: t, answers: make(chan message, 1), loaded: make(chan struct{}, 1)}
	p.connect(start(t))
	var target struct{ TargetID string }
	p.Call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	p.Call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	p.session = attached.SessionID
	for _, domain := range []string{"Page", "Network", "Runtime", "Log", "Audits", "Accessibility"} {
		p.Call(domain+".enable", nil, nil)
	}
	p.Call("Page.navigate", map[string]any{"url": url}, nil)
	select {
	case <-p.loaded:
	case <-time.After(patience):
		t.Fatalf("%s was not loaded", url)
	}
	return p
}

// start starts Chromium, and returns the address of its DevTools.
func start(t testing.TB) string {
	t.Helper()
	profile, err := os.MkdirTemp("", "browser-")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+profile, "--remote-debugging-port=0", "about:blank")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting chromium, which Debian's package chromium has: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		for range 50 { // its other processes may still write to the profile
			if os.RemoveAll(profile) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	address := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			if _, url, ok := strings.Cut(lines.Text(), "DevTools listening on "); ok {
				address <- url
			}
		}
		close(address)
	}()
	select {
	case url, ok := <-address:
		if ok {
			return url
		}
	case <-time.After(patience):
	}
	t.Fatal("chromium does not listen")
	return ""
}

// connect connects to the browser, and reads its messages.
func (p *Page) connect(url string) {
	p.t.Helper()
	conn, answer, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	_ = answer.Body.Close()
	conn.SetReadLimit(1 << 28)
	p.conn = conn
	p.t.Cleanup(func() { _ = conn.Close() })
	go func() {
		for {
			var m message
			if conn.ReadJSON(&m) != nil {
				close(p.answers)
				return
			}
			if m.ID != 0 {
				p.answers <- m
			} else {
				p.note(m)
			}
		}
	}()
}

// note records an event.
func (p *Page) note(m message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch m.Method {
	case "Page.loadEventFired":
		select {
		case p.loaded <- struct{}{}:
		default:
		}
	case "Network.requestWillBeSent":
		var event struct{ Request struct{ URL string } }
		_ = json.Unmarshal(m.Params, &event)
		p.requests = append(p.requests, event.Request.URL)
	case "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Audits.issueAdded":
		p.problems = append(p.problems, m.Method+": "+string(m.Params))
	}
}

// Call calls a method of the DevTools protocol.
func (p *Page) Call(method string, params any, result any) {
	p.t.Helper()
	p.next++
	content, err := json.Marshal(params)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.conn.WriteJSON(message{ID: p.next, Session: p.session, Method: method, Params: content}); err != nil {
		p.t.Fatal(err)
	}
	select {
	case answer, ok := <-p.answers:
		if !ok || answer.ID != p.next || answer.Error != nil {
			p.t.Fatalf("%s: %s", method, answer.Error)
		}
		if result != nil {
			if err := json.Unmarshal(answer.Result, result); err != nil {
				p.t.Fatalf("%s: %v", method, err)
			}
		}
	case <-time.After(patience):
		p.t.Fatalf("%s was not answered", method)
	}
}

// Evaluate evaluates an expression of JavaScript in the page.
func (p *Page) Evaluate(expression string, value any) {
	p.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	p.Call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &answer)
	if answer.ExceptionDetails != nil {
		p.t.Fatalf("%s: %s", expression, answer.ExceptionDetails)
	}
	if err := json.Unmarshal(answer.Result.Value, value); err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
}

// Resize sets the size of the page, and the colours that the user prefers: "light" or "dark".
func (p *Page) Resize(width, height int, colours string) {
	p.t.Helper()
	p.Call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
	p.Call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": colours}}}, nil)
}

// Screenshot is a picture of the page, as PNG.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	var picture struct{ Data []byte }
	p.Call("Page.captureScreenshot", map[string]any{"format": "png"}, &picture)
	return picture.Data
}

// PDF is the printed page.
func (p *Page) PDF() []byte {
	p.t.Helper()
	var document struct{ Data []byte }
	p.Call("Page.printToPDF", map[string]any{"printBackground": false, "preferCSSPageSize": true}, &document)
	return document.Data
}

// Node is a node of the accessibility tree.
type Node struct {
	Role, Name string
	Level      int
}

// Accessibility is what a screen reader gets: the nodes that are not ignored, in their order.
func (p *Page) Accessibility() []Node {
	p.t.Helper()
	var tree struct {
		Nodes []struct {
			Ignored    bool
			Role, Name struct{ Value any }
			Properties []struct {
				Name  string
				Value struct{ Value any }
			}
		}
	}
	p.Call("Accessibility.getFullAXTree", nil, &tree)
	var nodes []Node
	for _, n := range tree.Nodes {
		if n.Ignored {
			continue
		}
		node := Node{Role: fmt.Sprint(n.Role.Value), Name: fmt.Sprint(n.Name.Value)}
		if n.Name.Value == nil {
			node.Name = ""
		}
		for _, property := range n.Properties {
			if level, ok := property.Value.Value.(float64); ok && property.Name == "level" {
				node.Level = int(level)
			}
		}
		nodes = append(nodes, node)
	}
	return nodes
}

// Requests are the URLs that the page has requested, its own first.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// Problems are what the browser reported: console messages, exceptions, violations of the policy.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.problems
}
