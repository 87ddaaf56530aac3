package plugin

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// pluginKubeconfig is a kubeconfig whose credential plugin tries to read standard input, and prints
// on both outputs. stolen is the file with what it read.
func pluginKubeconfig(t *testing.T, server string) (kubeconfig, stolen string) {
	t.Helper()
	dir := t.TempDir()
	kubeconfig, stolen = filepath.Join(dir, "kubeconfig"), filepath.Join(dir, "stolen")
	plugin := filepath.Join(dir, "plugin")
	script := "#!/bin/sh\nhead -n 1 >" + stolen + "\necho noise >&2\n" +
		`echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"x"}}'` + "\n"
	if err := os.WriteFile(plugin, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	writeTestFile(t, kubeconfig, fmt.Appendf(nil, `{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}],
clusters: [{name: a, cluster: {server: %q}}], users: [{name: a, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: IfAvailable}}}]}`, server, plugin))
	return kubeconfig, stolen
}

// TestMCPKeepsMessagesFromPlugins checks that a credential plugin can't read the client's messages,
// also if they come from a terminal: client-go then gives it standard input.
func TestMCPKeepsMessagesFromPlugins(t *testing.T) {
	kubeconfig, stolen := pluginKubeconfig(t, "https://127.0.0.1:1") // a plugin is not started for HTTP
	cmd := mcpProcess(t, "--kubeconfig="+kubeconfig, "--timeout=10s")
	terminal, user := openTerminal(t)
	cmd.Stdin = terminal
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Signal(os.Interrupt) }()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), &mcp.IOTransport{Reader: stdout, Writer: user}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &mcpClient{ClientSession: session}
	if text, out := c.call(t, "status", nil); out.ExitStatus != 2 { // 124 if the plugin waits for input
		t.Error(text)
	}
	if content, err := os.ReadFile(stolen); err != nil || len(content) > 0 {
		t.Errorf("the plugin read %q, %v", content, err)
	}
}
