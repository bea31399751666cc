package main

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// client is a bare client of the protocol: it counts what comes and keeps nothing,
// so that the server is what is measured.
type client struct {
	conn net.Conn
	r    *bufio.Reader
	pid  uint32
	key  uint32
	buf  []byte
}

// dial logs in without a password, as the servers here allow.
func dial(s *server, secure bool) (*client, error) {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn}
	if secure {
		if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil { // SSLRequest
			return nil, err
		}
		var answer [1]byte
		if _, err := io.ReadFull(conn, answer[:]); err != nil {
			return nil, err
		}
		if answer[0] != 'S' {
			return nil, fmt.Errorf("%s refused TLS", s.name)
		}
		c.conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13})
	}
	c.r = bufio.NewReaderSize(c.conn, 256<<10)
	body := []byte{0, 3, 0, 0}
	body = append(body, "user\x00postgres\x00database\x00"+s.database+"\x00\x00"...)
	if _, err := c.conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)); err != nil {
		return nil, err
	}
	_, err = c.untilReady()
	return c, err
}

func (c *client) close() error { return c.conn.Close() }

// counts are what an answer held.
type counts struct {
	rows, bytes int
	first       time.Duration // from the question to the first row
	total       time.Duration
}

// message appends a message to what is sent next.
func (c *client) message(kind byte, body string) {
	c.buf = append(c.buf, kind)
	c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(len(body)+4))
	c.buf = append(c.buf, body...)
}

// send writes the messages and returns when.
func (c *client) send() (time.Time, error) {
	start := time.Now()
	_, err := c.conn.Write(c.buf)
	c.buf = c.buf[:0]
	return start, err
}

// simple asks in the simple protocol, which answers in text.
func (c *client) simple(sql string) (counts, error) {
	c.message('Q', sql+"\x00")
	return c.ask()
}

// binary asks in the extended protocol for binary values.
func (c *client) binary(sql string) (counts, error) {
	c.message('P', "\x00"+sql+"\x00\x00\x00")
	c.message('B', "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01")
	c.message('E', "\x00\x00\x00\x00\x00")
	c.message('S', "")
	return c.ask()
}

func (c *client) ask() (counts, error) {
	start, err := c.send()
	if err != nil {
		return counts{}, err
	}
	n, err := c.untilReadyFrom(start)
	n.total = time.Since(start)
	return n, err
}

func (c *client) untilReady() (counts, error) { return c.untilReadyFrom(time.Now()) }

// untilReadyFrom reads to ReadyForQuery. DataRow and CopyData count as rows.
func (c *client) untilReadyFrom(start time.Time) (n counts, err error) {
	var failure error
	for {
		head, err := c.r.Peek(5)
		if err != nil {
			return n, errors.Join(failure, err)
		}
		kind, size := head[0], int(binary.BigEndian.Uint32(head[1:]))
		n.bytes += size + 1
		switch kind {
		case 'D', 'd':
			if n.rows == 0 {
				n.first = time.Since(start)
			}
			n.rows++
		case 'E', 'K', 'Z':
			body := make([]byte, size+1)
			if _, err := io.ReadFull(c.r, body); err != nil {
				return n, err
			}
			switch kind {
			case 'E':
				failure = fmt.Errorf("server: %q", body[5:])
			case 'K':
				c.pid, c.key = binary.BigEndian.Uint32(body[5:]), binary.BigEndian.Uint32(body[9:])
			case 'Z':
				return n, failure
			}
			continue
		}
		if _, err := c.r.Discard(size + 1); err != nil {
			return n, errors.Join(failure, err)
		}
	}
}
