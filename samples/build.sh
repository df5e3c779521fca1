#!/usr/bin/env bash
# Builds the packages in this folder from sources/. See README.md.
#
#   samples/build.sh                   all of them
#   samples/build.sh NAME…             some, e.g. 06-online-shopping-within
#   samples/build.sh --check [NAME…]   builds elsewhere and compares with what is here
#
# Needs these Debian packages: aapt android-framework-res libsmali-java zipalign apksigner
# zip xxd default-jre-headless. It installs nothing and uses no network.
set -euo pipefail
export LC_ALL=C.UTF-8 TZ=UTC

here=$(cd "$(dirname "$0")" && pwd)
framework=/usr/share/android-framework-res/framework-res.apk
smali=/usr/share/java/smali.jar
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check=
out=$here
if [[ ${1:-} == --check ]]; then
    check=yes
    out=$work/out
    mkdir "$out"
    shift
fi

for tool in aapt zipalign apksigner zip xxd java; do
    command -v "$tool" >/dev/null || { echo "build.sh: $tool is missing, see the top of this script" >&2; exit 1; }
done
for file in "$framework" "$smali"; do
    [[ -e $file ]] || { echo "build.sh: $file is missing, see the top of this script" >&2; exit 1; }
done

# option KEY DIR: the value of KEY in DIR/build.options, or nothing.
option() {
    [[ ! -e $2/build.options ]] || sed -n "s/^$1=//p" "$2/build.options"
}

# Modification times go into the archives: one fixed time for all that we write.
fix_times() {
    find "$@" -exec touch -d '2021-05-01 00:00:00' {} +
}

# compile SOURCE OUT [AAPT-OPTION…]: manifest and resources.
compile() {
    local source=$1 out=$2
    shift 2
    local include=$framework resources=()
    if grep -q usesPermissionFlags "$source/AndroidManifest.xml"; then
        include=$work/newer-attributes.apk
        [[ -e $include ]] || aapt package -x -M "$here/framework/AndroidManifest.xml" \
            -S "$here/framework/res" -F "$include"
    fi
    [[ ! -d $source/res ]] || resources=(-S "$source/res")
    aapt package -f -M "$source/AndroidManifest.xml" "${resources[@]}" -I "$include" "$@" -F "$out"
}

# add_libraries APK ABI/NAME…: an ELF header without content stands for each library.
add_libraries() {
    local apk=$1 library staging
    shift
    staging=$(mktemp -d -p "$work")
    for library in "$@"; do
        mkdir -p "$staging/lib/$(dirname "$library")"
        {
            printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\267\0\1\0\0\0'
            head -c 40 /dev/zero
        } >"$staging/lib/$library"
    done
    fix_times "$staging"
    (cd "$staging" && find lib -type f | sort | zip -q -X -@ "$apk")
}

# sign SCHEMES APK: aligns and signs in place.
sign() {
    local schemes=$1 apk=$2 flags=()
    zipalign -f -p 4 "$apk" "$apk.aligned"
    mv "$apk.aligned" "$apk"
    case $schemes in
        none) return ;;
        v1) flags=(--v1-signing-enabled true --v2-signing-enabled false --v3-signing-enabled false) ;;
        v2+v3) flags=(--v1-signing-enabled false --v2-signing-enabled true --v3-signing-enabled true) ;;
        '') ;; # what minSdkVersion asks for
        *) echo "build.sh: unknown sign=$schemes" >&2; exit 1 ;;
    esac
    apksigner sign --key "$here/signing/test-key.pk8" --cert "$here/signing/test-key.x509.pem" \
        --v1-signer-name SAMPLE --v4-signing-enabled false "${flags[@]}" "$apk"
}

# field NUMBER: standard input as a length-delimited protocol-buffer field.
field() {
    local payload length bytes=
    payload=$(xxd -p | tr -d '\n')
    length=$((${#payload} / 2))
    while ((length > 127)); do
        bytes+=$(printf '%02x' $((length & 127 | 128)))
        length=$((length >> 7))
    done
    printf '%02x%s%02x%s' $(($1 << 3 | 2)) "$bytes" "$length" "$payload" | xxd -r -p
}

# table_of_contents PACKAGE SPLIT-ID…: toc.pb as bundletool writes it (BuildApksResult in its
# commands.proto), reduced to the module, its splits and their paths.
table_of_contents() {
    local package=$1 id
    shift
    {
        {
            printf base | field 1 | field 1
            printf splits/base-master.apk | field 2 >"$work/path"
            { cat "$work/path"; printf '\20\1' | field 3; } | field 2
            for id in "$@"; do
                { printf 'splits/base-%s.apk' "${id#config.}" | field 2; printf '%s' "$id" | field 1 | field 3; } | field 2
            done
        } | field 2 | field 1
        printf '%s' "$package" | field 4
    }
}

# pack CONTAINER FOLDER: the files of FOLDER, stored, in the order of their names.
pack() {
    fix_times "$2"
    rm -f "$1"
    (cd "$2" && find . -type f | sed 's|^\./||' | sort | zip -q -X -0 -@ "$1")
}

build() {
    local name=$1 source=$here/sources/$1 container package base staging language
    [[ -d $source ]] || { echo "build.sh: no such sample: $1" >&2; exit 1; }
    package=$(sed -n 's/.*package="\([^"]*\)".*/\1/p' "$source/AndroidManifest.xml")
    container=$(option container "$source")
    language=$(option split_language "$source")
    base=$work/base.apk
    rm -f "$work"/base*.apk "$work/classes.dex"

    compile "$source" "$base" ${language:+--split "$language"}
    java -cp "$smali" org.jf.smali.Main assemble "$source/smali" --api 29 -o "$work/classes.dex"
    fix_times "$work/classes.dex"
    (cd "$work" && zip -q -X "$base" classes.dex)

    if [[ -z $container ]]; then
        local libraries
        read -r -a libraries <<<"$(option libs "$source")"
        ((${#libraries[@]} == 0)) || add_libraries "$base" "${libraries[@]}"
        sign "$(option sign "$source")" "$base"
        mv "$base" "$out/$name.apk"
        echo "$name.apk"
        return
    fi

    staging=$(mktemp -d -p "$work")
    compile "$source/config.arm64_v8a" "$work/abi.apk"
    add_libraries "$work/abi.apk" "$(option libs "$source")"
    sign '' "$work/abi.apk"
    sign '' "$base"
    case $container in
        apks)
            mkdir "$staging/splits"
            mv "$base" "$staging/splits/base-master.apk"
            mv "$work/abi.apk" "$staging/splits/base-arm64_v8a.apk"
            sign v2+v3 "$work/base_$language.apk"
            mv "$work/base_$language.apk" "$staging/splits/base-$language.apk"
            table_of_contents "$package" config.arm64_v8a "config.$language" >"$staging/toc.pb"
            ;;
        xapk)
            mv "$base" "$staging/$package.apk"
            mv "$work/abi.apk" "$staging/config.arm64_v8a.apk"
            cp "$source/manifest.json" "$staging/manifest.json"
            ;;
        *) echo "build.sh: unknown container=$container" >&2; exit 1 ;;
    esac
    pack "$out/$name.$container" "$staging"
    echo "$name.$container"
}

if (($# == 0)); then
    cd "$here/sources"
    set -- *
fi
differing=0
for name in "$@"; do
    build "$name"
    if [[ $check ]]; then
        for built in "$out/$name".*; do
            cmp "$built" "$here/${built##*/}" || differing=$((differing + 1))
        done
    fi
done
if [[ $check ]]; then
    echo "$differing of $# differ"
    ((differing == 0))
fi
