package dashboard

import (
	"context"
	"os"
	"os/exec"
	"runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// open opens the address in the browser, or says why not.
func (o *options) open(ctx context.Context, address string) {
	if o.noBrowser {
		return
	}
	stderr := o.call.Streams.ErrOut
	if why := noBrowser(runtime.GOOS, os.Getenv); why != "" {
		escape.Fprintf(stderr, "No browser is opened: %s. Open the address yourself.\n", why)
		return
	}
	words := opener(runtime.GOOS, address)
	browser := exec.CommandContext(context.WithoutCancel(ctx), words[0], words[1:]...)
	if err := browser.Start(); err != nil {
		escape.Fprintf(stderr, "The browser could not be opened: %v. Open the address yourself.\n", err)
		return
	}
	go func() {
		if err := browser.Wait(); err != nil && ctx.Err() == nil {
			escape.Fprintf(stderr, "The browser could not be opened: %s: %v. Open the address yourself.\n", words[0], err)
		}
	}()
}

// noBrowser is why a browser can't show an address of this machine to the user, empty if it
// can.
func noBrowser(system string, getenv func(string) string) string {
	display := getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != ""
	switch {
	case (getenv("SSH_CONNECTION") != "" || getenv("SSH_TTY") != "") && getenv("DISPLAY") == "":
		return "this is an SSH session; forward the port to your machine with ssh -L"
	case system == "linux" && !display:
		return "there is no display"
	}
	return ""
}

// opener is the command of the system that opens an address.
func opener(system, address string) []string {
	switch system {
	case "darwin":
		return []string{"open", address}
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler", address}
	}
	return []string{"xdg-open", address}
}
