package nativelib

import (
	"runtime"
	"strings"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Library is a shared library of one version with the packages that carry it.
type Library struct {
	Name, Version string
	// Licence is the SPDX identifier of the library's licence.
	Licence string
	// Summary is what it is for, in some words.
	Summary string
	Wheels  []Wheel
}

// Wheel is a package file for one platform.
type Wheel struct {
	// OS and Arch are as runtime.GOOS and runtime.GOARCH name them.
	OS, Arch string
	// Project is the package's name on an index, File the wheel's name there.
	Project, File string
	// Size is in bytes; SHA256 is in hexadecimal.
	Size   int64
	SHA256 string
	// Folders are what is unpacked of the wheel: the library and what lies beside it.
	Folders []string
	// Object is the shared library inside the wheel; ObjectSHA256 is its own hash.
	Object, ObjectSHA256 string
}

// All returns the libraries that Eider knows, in the order of their names.
func All() []*Library { return []*Library{LightGBM(), XGBoost()} }

// XGBoost is the library of the runtime xgboost. On Linux it is the build without
// support for graphics cards, which is a hundredth of the size.
func XGBoost() *Library {
	cpu, mac := []string{"xgboost/lib/", "xgboost_cpu.libs/"}, []string{"xgboost/lib/"}
	return &Library{
		Name: "xgboost", Version: "3.2.0", Licence: "Apache-2.0", Summary: "gradient boosting (USING xgboost)",
		Wheels: []Wheel{
			{
				OS: "linux", Arch: "amd64", Project: "xgboost-cpu", File: "xgboost_cpu-3.2.0-py3-none-manylinux_2_28_x86_64.whl",
				Size: 5595924, SHA256: "9c10b1653e1a689bf4094a328144cf3633c9be0e5217a76fbdc2fde6abcb2950",
				Folders: cpu, Object: "xgboost/lib/libxgboost.so", ObjectSHA256: "bad3eb7004550b6db2338486061bf628cabc2340d4913e811b0564ba4788eef5",
			},
			{
				OS: "linux", Arch: "arm64", Project: "xgboost-cpu", File: "xgboost_cpu-3.2.0-py3-none-manylinux_2_28_aarch64.whl",
				Size: 5213428, SHA256: "896b9e2bc52ec0921edf92ddd1cebedf47032e94992b7aca0293524d380ce6e9",
				Folders: cpu, Object: "xgboost/lib/libxgboost.so", ObjectSHA256: "32a854dcd03f7e66b93ea3df543a4b82f16809c2cd93f74f29a6c97f83723b8d",
			},
			{
				OS: "darwin", Arch: "arm64", Project: "xgboost", File: "xgboost-3.2.0-py3-none-macosx_12_0_arm64.whl",
				Size: 2328527, SHA256: "eabbd40d474b8dbf6cb3536325f9150b9e6f0db32d18de9914fb3227d0bef5b7",
				Folders: mac, Object: "xgboost/lib/libxgboost.dylib", ObjectSHA256: "d9ce25b06844b278c9a9eeb7d44ed9e0357c795e59ed129998ff0055620aab47",
			},
			{
				OS: "darwin", Arch: "amd64", Project: "xgboost", File: "xgboost-3.2.0-py3-none-macosx_10_15_x86_64.whl",
				Size: 2507014, SHA256: "2f661966d3e322536d9c448090a870fcba1e32ee5760c10b7c46bac7a342079a",
				Folders: mac, Object: "xgboost/lib/libxgboost.dylib", ObjectSHA256: "c2d928345edbd5efd04a6f3cdfde35296194238a563d0aaa8c9d0a7170e79dc6",
			},
		},
	}
}

// LightGBM is the library of the runtime lightgbm.
func LightGBM() *Library {
	folders := []string{"lightgbm/lib/"}
	return &Library{
		Name: "lightgbm", Version: "4.6.0", Licence: "MIT", Summary: "gradient boosting (USING lightgbm)",
		Wheels: []Wheel{
			{
				OS: "linux", Arch: "amd64", Project: "lightgbm", File: "lightgbm-4.6.0-py3-none-manylinux_2_28_x86_64.whl",
				Size: 3569831, SHA256: "cb19b5afea55b5b61cbb2131095f50538bd608a00655f23ad5d25ae3e3bf1c8d",
				Folders: folders, Object: "lightgbm/lib/lib_lightgbm.so", ObjectSHA256: "6a12e1a7b13824d14c252d2a4d2e36af467383331a114eb0e7448eecbf02d7b1",
			},
			{
				OS: "linux", Arch: "arm64", Project: "lightgbm", File: "lightgbm-4.6.0-py3-none-manylinux2014_aarch64.whl",
				Size: 3454567, SHA256: "4d68712bbd2b57a0b14390cbf9376c1d5ed773fa2e71e099cac588703b590336",
				Folders: folders, Object: "lightgbm/lib/lib_lightgbm.so", ObjectSHA256: "c19b98944b3db0bfabca33cfd546fe2c487c2726464e879fa5ded673ad0cd8ba",
			},
			{
				OS: "darwin", Arch: "arm64", Project: "lightgbm", File: "lightgbm-4.6.0-py3-none-macosx_12_0_arm64.whl",
				Size: 1592172, SHA256: "2dafd98d4e02b844ceb0b61450a660681076b1ea6c7adb8c566dfd66832aafad",
				Folders: folders, Object: "lightgbm/lib/lib_lightgbm.dylib", ObjectSHA256: "50f62eef76a25c7dbd5b79c998d59a5dff4874c595f7fb8d197826c2bfbd8a92",
			},
			{
				OS: "darwin", Arch: "amd64", Project: "lightgbm", File: "lightgbm-4.6.0-py3-none-macosx_10_15_x86_64.whl",
				Size: 2010151, SHA256: "b7a393de8a334d5c8e490df91270f0763f83f959574d504c7ccb9eee4aef70ed",
				Folders: folders, Object: "lightgbm/lib/lib_lightgbm.dylib", ObjectSHA256: "a212583e053efb954ec9b0b5a8b2ae206a6712f20fda3862d2788feb8743e729",
			},
		},
	}
}

// Find returns the library of a name: 42704 with the closest name where there is none.
func Find(name string) (*Library, error) {
	var names []string
	for _, l := range All() {
		if strings.EqualFold(l.Name, name) {
			return l, nil
		}
		names = append(names, l.Name)
	}
	err := sqlstate.Newf(sqlstate.UndefinedObject, "there is no library %q to install", name)
	if near := parse.Closest(strings.ToLower(name), names); near != "" {
		return nil, err.WithHint("Did you mean %s?", near)
	}
	return nil, err.WithHint("The libraries are %s.", strings.Join(names, ", "))
}

// Here returns the wheel for the platform that this program runs on: 0A000 where there is none.
func (l *Library) Here() (*Wheel, error) { return l.platform(runtime.GOOS, runtime.GOARCH) }

func (l *Library) platform(goos, arch string) (*Wheel, error) {
	var have []string
	for i := range l.Wheels {
		w := &l.Wheels[i]
		if w.OS == goos && w.Arch == arch {
			return w, nil
		}
		have = append(have, w.OS+"/"+w.Arch)
	}
	return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "%s %s has no package for %s/%s", l.Name, l.Version, goos, arch).
		WithHint("It is available for %s.", strings.Join(have, ", "))
}

// folder is the name of the library's folder in a store.
func (l *Library) folder() string { return l.Name + "-" + l.Version }

// missing is the error for a library that isn't installed.
func (l *Library) missing(path string) error {
	return sqlstate.Newf(sqlstate.UndefinedFile, "the library %s %s is not installed", l.Name, l.Version).
		WithDetail("It would be %s.", path).WithHint("Run: eider lib install %s", l.Name)
}

// broken is the error for a library that is installed and can't be used.
func (l *Library) broken(format string, args ...any) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.ObjectNotInPrerequisiteState, "the installed library "+l.Name+" can't be used: "+format, args...).
		WithHint("Run: eider lib install %s --force", l.Name)
}
