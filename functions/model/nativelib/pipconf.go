package nativelib

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// publicIndex is where packages come from unless the user's pip configuration says otherwise.
const publicIndex = "https://pypi.org/simple"

// Sources says where wheels are looked for.
type Sources struct {
	// FindLinks are folders and pages with links to wheels, asked first.
	FindLinks []string
	// Indexes are package indexes (PEP 503), asked in their order.
	Indexes []string
	// Cert is a file of certificate authorities to trust besides the system's.
	Cert string
	// Proxy is an address; "" means HTTPS_PROXY and the like.
	Proxy string
}

// PipSources reads the places that the user set for pip, in pip's order of precedence:
// PIP_* variables, then PIP_CONFIG_FILE, the virtual environment's, the user's and the
// machine's pip.conf. index, where not empty, stands for all indexes.
func PipSources(index string) Sources {
	set := map[string]string{}
	for _, file := range pipFiles() {
		readPipFile(file, set)
	}
	for _, key := range []string{"index-url", "extra-index-url", "find-links", "no-index", "cert", "proxy"} {
		if v, ok := os.LookupEnv("PIP_" + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))); ok && v != "" {
			set[key] = v
		}
	}
	s := Sources{FindLinks: strings.Fields(set["find-links"]), Cert: set["cert"], Proxy: set["proxy"]}
	switch {
	case index != "":
		s.Indexes = []string{index}
	case yes(set["no-index"]):
	default:
		first := publicIndex
		if fields := strings.Fields(set["index-url"]); len(fields) > 0 {
			first = fields[0]
		}
		s.Indexes = append([]string{first}, strings.Fields(set["extra-index-url"])...)
	}
	return s
}

func yes(v string) bool {
	switch strings.ToLower(v) {
	case "1", "true", "yes", "on", "y", "t":
		return true
	}
	return false
}

// pipFiles are the configuration files, the weakest first.
func pipFiles() []string {
	own := os.Getenv("PIP_CONFIG_FILE")
	if own == os.DevNull {
		return nil // pip's way to read no file at all
	}
	var files []string
	dirs := os.Getenv("XDG_CONFIG_DIRS")
	if dirs == "" {
		dirs = "/etc/xdg"
	}
	for _, d := range filepath.SplitList(dirs) {
		files = append(files, filepath.Join(d, "pip", "pip.conf"))
	}
	files = append(files, "/etc/pip.conf")
	if runtime.GOOS == "darwin" {
		files = append(files, "/Library/Application Support/pip/pip.conf")
	}
	if home, err := os.UserHomeDir(); err == nil {
		files = append(files, filepath.Join(home, ".pip", "pip.conf"))
		if runtime.GOOS == "darwin" {
			files = append(files, filepath.Join(home, "Library", "Application Support", "pip", "pip.conf"))
		}
		config := os.Getenv("XDG_CONFIG_HOME")
		if config == "" {
			config = filepath.Join(home, ".config")
		}
		files = append(files, filepath.Join(config, "pip", "pip.conf"))
	}
	if venv := os.Getenv("VIRTUAL_ENV"); venv != "" {
		files = append(files, filepath.Join(venv, "pip.conf"))
	}
	if own != "" {
		files = append(files, own)
	}
	return files
}

// readPipFile adds what sections [global], then [install] and [download] of an INI file
// say. A value may go on in indented lines. What can't be read says nothing: a broken
// pip.conf is pip's business.
func readPipFile(path string, set map[string]string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	bySection := map[string]map[string]string{}
	section, key := "", ""
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		text := strings.TrimSpace(line)
		switch {
		case text == "" || strings.HasPrefix(text, "#") || strings.HasPrefix(text, ";"):
		case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]"):
			section, key = strings.ToLower(text[1:len(text)-1]), ""
			if bySection[section] == nil {
				bySection[section] = map[string]string{}
			}
		case section == "":
		case key != "" && (line[0] == ' ' || line[0] == '\t'):
			bySection[section][key] += "\n" + text
		default:
			at := strings.IndexAny(text, "=:")
			if at < 0 {
				continue
			}
			key = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(text[:at])), "_", "-")
			bySection[section][key] = strings.TrimSpace(text[at+1:])
		}
	}
	for _, name := range []string{"global", "install", "download"} {
		for k, v := range bySection[name] {
			set[k] = v
		}
	}
}
