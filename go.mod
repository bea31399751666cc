module github.com/eiderdb/eider

go 1.26
