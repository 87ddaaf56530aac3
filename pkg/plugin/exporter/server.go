package exporter

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"

	"github.com/digihunch/kubectl-orthweb/pkg/metrics"
)

// The limits of the server: a client can't occupy it.
const (
	maxHeader      = 16 << 10
	maxConnections = 64
	maxScrapes     = 4
	readTimeout    = 10 * time.Second
	writeTimeout   = time.Minute
	idleTimeout    = 2 * time.Minute
	// shutdownTime is how long requests may still take when the exporter ends.
	shutdownTime = 500 * time.Millisecond
	// silence is how long the watch may report nothing, although it reports at least every 30
	// seconds that nothing has changed, and a large cluster takes some seconds.
	silence = 5 * time.Minute
)

// serveHTTP serves the metrics until ctx ends.
func serveHTTP(ctx context.Context, listener net.Listener, e *exporter) error {
	server := &http.Server{
		Handler: e.handler(), ReadHeaderTimeout: readTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       log.New(io.Discard, "", 0), // what clients do wrong
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(netutil.LimitListener(listener, maxConnections)) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	limited, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		_ = server.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return ctx.Err()
}

// handler has the paths of the server.
func (e *exporter) handler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(e.samples), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true, MaxRequestsInFlight: maxScrapes, ErrorHandling: promhttp.ContinueOnError,
		ErrorLog: log.New(e.call.Streams.ErrOut, "error: serving the metrics: ", 0),
	}))
	mux.HandleFunc("GET /healthz", e.answer(func(now time.Time) string {
		if now.Sub(e.heard) > silence {
			return "the watch of the cluster has not reported for more than " + silence.String()
		}
		return ""
	}))
	mux.HandleFunc("GET /readyz", e.answer(func(time.Time) string {
		if !e.state.Read {
			return "the cluster has not been read yet"
		}
		return ""
	}))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "kubectl orthweb exporter\n\n/metrics\n/healthz\n/readyz\n")
	})
	return mux
}

// answer answers ok, or the problem with the status 503. problem is called with the lock.
func (e *exporter) answer(problem func(now time.Time) string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		e.mu.Lock()
		text := problem(time.Now())
		e.mu.Unlock()
		if text != "" {
			http.Error(w, text, http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	}
}

// collector passes the samples of each scrape to Prometheus' library.
type collector struct {
	samples func() []metrics.Sample
	descs   map[*metrics.Family]*prometheus.Desc
}

func newCollector(samples func() []metrics.Sample) *collector {
	c := &collector{samples: samples, descs: map[*metrics.Family]*prometheus.Desc{}}
	for _, f := range metrics.Families() {
		c.descs[f] = prometheus.NewDesc(f.Name, f.Help, f.Labels, nil)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		descs <- desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	for _, sample := range c.samples() {
		kind := prometheus.GaugeValue
		if sample.Counter {
			kind = prometheus.CounterValue
		}
		out <- prometheus.MustNewConstMetric(c.descs[sample.Family], kind, sample.Value, sample.Values...)
	}
}
