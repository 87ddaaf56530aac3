//go:build linux

package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"sync/atomic"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// proxy forwards requests to an API server, and counts them and the bytes of the answers, as they
// are sent: compressed, if the client accepts that.
type proxy struct {
	kubeconfig string
	server     *http.Server

	requests, pages, received atomic.Int64
}

// startProxy starts a proxy on loopback, and writes a kubeconfig that uses it.
func startProxy(kubeconfig, dir string) (*proxy, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.DisableCompression = true // the proxy itself asks for none; the client's wish is forwarded
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(config.Host)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{kubeconfig: filepath.Join(dir, "proxy.kubeconfig")}
	forward := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: transport,
		ErrorLog:  log.New(io.Discard, "", 0),
		ModifyResponse: func(r *http.Response) error {
			r.Body = countedBody{r.Body, &p.received}
			return nil
		},
	}
	p.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.requests.Add(1)
		if r.URL.Query().Get("continue") != "" {
			p.pages.Add(1)
		}
		forward.ServeHTTP(w, r)
	})}
	go func() { _ = p.server.Serve(listener) }()
	through := api.NewConfig()
	through.Clusters["proxy"] = &api.Cluster{Server: "http://" + listener.Addr().String()}
	through.AuthInfos["none"] = &api.AuthInfo{}
	through.Contexts["proxy"] = &api.Context{Cluster: "proxy", AuthInfo: "none"}
	through.CurrentContext = "proxy"
	if err := clientcmd.WriteToFile(*through, p.kubeconfig); err != nil {
		return nil, fmt.Errorf("write the proxy's kubeconfig: %w", err)
	}
	return p, nil
}

func (p *proxy) close() error { return p.server.Close() }

func (p *proxy) reset() {
	p.requests.Store(0)
	p.pages.Store(0)
	p.received.Store(0)
}

func (p *proxy) counted() (requests, pages int, received int64) {
	return int(p.requests.Load()), int(p.pages.Load()), p.received.Load()
}

type countedBody struct {
	io.ReadCloser
	n *atomic.Int64
}

func (b countedBody) Read(to []byte) (int, error) {
	n, err := b.ReadCloser.Read(to)
	b.n.Add(int64(n))
	return n, err
}
