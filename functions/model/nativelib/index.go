package nativelib

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// maxPageBytes bounds a page of links.
const maxPageBytes = 32 << 20

// client talks to package indexes.
type client struct {
	http *http.Client
	from Sources
	// backoff is the pause before the second attempt; it grows with each.
	backoff time.Duration
}

func newClient(from Sources, backoff time.Duration) (*client, error) {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 20 * time.Second}).DialContext,
		TLSHandshakeTimeout:   20 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second,
		ForceAttemptHTTP2:     true,
	}
	if from.Proxy != "" {
		proxy, err := url.Parse(from.Proxy)
		if err != nil || proxy.Host == "" {
			return nil, sqlstate.New(sqlstate.InvalidParameterValue, "the proxy in pip's configuration is not an address")
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	if from.Cert != "" {
		pem, err := os.ReadFile(from.Cert)
		if err != nil {
			return nil, sqlstate.Newf(sqlstate.IOError, "the certificates in pip's configuration: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		pool.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return &client{http: &http.Client{Transport: transport}, from: from, backoff: backoff}, nil
}

func (c *client) close() { c.http.CloseIdleConnections() }

// place is where a wheel was found: a file on this machine or an address.
type place struct {
	file string
	url  *url.URL
}

// find looks for the wheel in the folders and pages of find-links, then on the indexes.
// The errors of places that can't be asked are told only where no other has the wheel.
func (c *client) find(ctx context.Context, w *Wheel) (place, error) {
	var problems []string
	for _, link := range c.from.FindLinks {
		if dir, ok := localPath(link); ok {
			file := filepath.Join(dir, w.File)
			if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
				return place{file: file}, nil
			}
			continue
		}
		if at, err := c.onPage(ctx, link, w.File); err != nil {
			problems = append(problems, err.Error())
		} else if at != nil {
			return place{url: at}, nil
		}
	}
	for _, index := range c.from.Indexes {
		page := strings.TrimSuffix(index, "/") + "/" + w.Project + "/"
		at, err := c.onPage(ctx, page, w.File)
		switch {
		case ctx.Err() != nil:
			return place{}, ctx.Err()
		case err != nil:
			problems = append(problems, err.Error())
		case at != nil:
			return place{url: at}, nil
		default:
			problems = append(problems, fmt.Sprintf("%s doesn't list it", redact(page)))
		}
	}
	if len(c.from.Indexes) == 0 {
		problems = append(problems, "pip's configuration says no-index")
	}
	return place{}, sqlstate.Newf(sqlstate.ConnectionFailure, "%s was not found", w.File).
		WithDetail("%s", strings.Join(problems, "; ")).WithHint("%s", offlineHint(w))
}

func offlineHint(w *Wheel) string {
	project, version := w.Project, strings.Split(w.File, "-")[1]
	return fmt.Sprintf("Name another index with --index-url, or fetch the file elsewhere (pip download --no-deps %s==%s) and give it with --from.", project, version)
}

// localPath returns the folder that a find-links entry names, if it isn't an address.
func localPath(link string) (string, bool) {
	if u, err := url.Parse(link); err == nil && len(u.Scheme) > 1 {
		return filepath.FromSlash(u.Path), u.Scheme == "file"
	}
	if rest, ok := strings.CutPrefix(link, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest), true
		}
	}
	return link, true
}

var anchor = regexp.MustCompile(`(?is)<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')`)

// onPage returns the address of file on a page of links, nil where the page doesn't list it.
func (c *client) onPage(ctx context.Context, page, file string) (*url.URL, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil || req.URL.Host == "" {
		return nil, fmt.Errorf("%s is not an address", redact(page))
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("User-Agent", "eider")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, plainly(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", redact(page), resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPageBytes))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", redact(page), err)
	}
	for _, m := range anchor.FindAllSubmatch(body, -1) {
		href := html.UnescapeString(string(m[1]) + string(m[2]))
		ref, err := url.Parse(href)
		if err != nil || path.Base(ref.Path) != file {
			continue
		}
		at := resp.Request.URL.ResolveReference(ref)
		at.Fragment = ""
		if at.Host == req.URL.Host && at.User == nil {
			at.User = req.URL.User // a private index wants the same login for its files
		}
		return at, nil
	}
	return nil, nil
}

// redact hides the password of an address.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that can't be read"
	}
	return u.Redacted()
}

// plainly shortens what net/http says of a failed request, keeping its cause.
func plainly(err error) error {
	if e, ok := err.(*url.Error); ok {
		return fmt.Errorf("%s: %w", redact(e.URL), e.Err)
	}
	return err
}
