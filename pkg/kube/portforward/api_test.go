package portforward

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
	corev1 "k8s.io/api/core/v1"
	portforwardconstants "k8s.io/apimachinery/pkg/util/portforward"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// apiServer is an API server that forwards ports, with client-go's and the
// kubelet's own code for the two protocols.
type apiServer struct {
	// pod is the program in the pod: it serves one connection, and its error goes to the error
	// stream, as the kubelet writes it.
	pod func(name string, data io.ReadWriter) string
	// drop ends all connections half-way when it is received from.
	drop chan struct{}
	// spdyOnly means that the API server is older than 1.30 and has no WebSockets.
	spdyOnly bool
	// instead answers a request instead of an upgrade.
	instead http.HandlerFunc
	// rejects is the type of the streams that it does not accept.
	rejects string
	// beforeUpgrade is called before a request is answered.
	beforeUpgrade func()
	// afterComplaint is called before the data stream of a pod that failed is closed.
	afterComplaint func()

	mu sync.Mutex
	// paths are the paths of the requests.
	paths []string
	// open is the number of open tunnels.
	open sync.WaitGroup
}

// start runs the API server until the test ends, and returns a config for it.
func (a *apiServer) start(t *testing.T) *rest.Config {
	t.Helper()
	if a.drop == nil {
		a.drop = make(chan struct{})
	}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	return &rest.Config{Host: server.URL}
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.paths = append(a.paths, r.URL.Path)
	a.mu.Unlock()
	if a.instead != nil {
		a.instead(w, r)
		return
	}
	a.open.Add(1)
	defer a.open.Done()
	if a.beforeUpgrade != nil {
		a.beforeUpgrade()
	}
	name := strings.Split(r.URL.Path, "/")[6]
	streams := make(chan httpstream.Stream)
	ended := make(chan struct{})
	accept := func(s httpstream.Stream, replied <-chan struct{}) error {
		if s.Headers().Get(corev1.StreamType) == a.rejects {
			return io.ErrClosedPipe
		}
		go func() {
			<-replied
			select {
			case streams <- s:
			case <-ended:
			}
		}()
		return nil
	}
	conn := a.upgrade(w, r, accept)
	if conn == nil {
		return
	}
	a.open.Add(1)
	go func() {
		defer a.open.Done()
		defer conn.Close()
		defer close(ended)
		a.forward(name, conn, streams)
	}()
}

// upgrade upgrades to the protocol that the client requests; it returns nil if it has rejected
// the request.
func (a *apiServer) upgrade(w http.ResponseWriter, r *http.Request, accept httpstream.NewStreamHandler) httpstream.Connection {
	if !websocket.IsWebSocketUpgrade(r) {
		w.Header().Set(httpstream.HeaderProtocolVersion, portforward.PortForwardProtocolV1Name)
		return spdy.NewResponseUpgrader().UpgradeResponse(w, r, accept)
	}
	if a.spdyOnly {
		http.Error(w, "no WebSockets", http.StatusBadRequest)
		return nil
	}
	upgrader := websocket.Upgrader{Subprotocols: []string{portforwardconstants.WebsocketsSPDYTunnelingPortForwardV1}}
	socket, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil
	}
	conn, err := spdy.NewServerConnection(portforward.NewTunnelingConnection("server", socket), accept)
	if err != nil {
		return nil
	}
	return conn
}

// forward serves one connection of a pod, as the kubelet does.
func (a *apiServer) forward(name string, conn httpstream.Connection, streams <-chan httpstream.Stream) {
	var data, complaints httpstream.Stream
	for data == nil || complaints == nil {
		select {
		case s := <-streams:
			if s.Headers().Get(corev1.StreamType) == corev1.StreamTypeData {
				data = s
			} else {
				complaints = s
			}
		case <-conn.CloseChan():
			return
		}
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if text := a.pod(name, data); text != "" {
			_, _ = io.WriteString(complaints, text)
			_ = complaints.Close()
			if a.afterComplaint != nil {
				a.afterComplaint()
			}
		}
		_ = complaints.Close()
		_ = data.Close()
	}()
	select {
	case <-conn.CloseChan():
	case <-a.drop:
	}
	_ = conn.Close()
	<-served
}

// echo returns its input until the client has finished.
func echo(_ string, data io.ReadWriter) string {
	_, _ = io.Copy(data, data)
	return ""
}
