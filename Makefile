# `make help` lists the targets; `make BUILD=asan check-unit` picks a flavour; V=1 shows the commands.
BUILD ?= debug
OUT   := build/$(BUILD)
PKGS  := libpq hiredis libcurl openssl json-c libjwt libmpg123 libebur128

prefix      ?= /usr/local
bindir      ?= $(prefix)/bin
libexecdir  ?= $(prefix)/libexec
datadir     ?= $(prefix)/share
sysconfdir  ?= $(prefix)/etc
systemdsystemunitdir ?= $(prefix)/lib/systemd/system

HARDENED       := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection
CFLAGS_debug   := -O0 -g3
CFLAGS_release := -O2 -g $(HARDENED)
CFLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DFAULT_POINTS
CFLAGS_tsan    := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS_cov     := -O0 -g --coverage
CFLAGS_chaos   := -O1 -g -DFAULT_POINTS
$(if $(CFLAGS_$(BUILD)),,$(error BUILD is debug, release, asan, tsan, cov or chaos))

WARN    := -Wall -Wextra -Wshadow -Wformat=2 -Wvla -Wundef -Wwrite-strings -Wpointer-arith \
           -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum $(if $(CI),-Werror)
FLAGS   := -std=gnu17 -pthread -D_GNU_SOURCE -fPIE -I. -I$(OUT) -include jobs/base/banned.h $(WARN) \
           $(shell pkg-config --cflags $(PKGS)) $(CFLAGS_$(BUILD)) $(CFLAGS)
LINT_FLAGS := -std=gnu17 -D_GNU_SOURCE -I. -I$(OUT) -include jobs/base/banned.h $(shell pkg-config --cflags $(PKGS))
LDFLAGS += -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
LIBS    := $(shell pkg-config --libs $(PKGS)) -lfcgi -lcrypt -lunistring -lm

obj      = $(patsubst %.c,$(OUT)/%.o,$(wildcard $1))
PRODUCT := $(wildcard jobs/*.[ch] jobs/*/*.[ch] fcgi/*.[ch] fcgi/*/*.[ch] tools/*.[ch] tools/*/*.[ch])
SOURCES := $(PRODUCT) $(wildcard tests/*/*.[ch] tests/unit/*/*.[ch])
SHELL_SCRIPTS := $(shell grep -lE '^\#!.*(sh|bash)$$' tools/* tools/*/* tests/*/* .ci/* 2>/dev/null)
GENERATED := $(OUT)/sql.h $(OUT)/migrations.h $(OUT)/lua.h

# Each layer links only with the ones after it, and so do its unit tests: an upward call does not link.
LAYERS  := fcgi app nodes tts queue model audio io base
below    = $(if $(filter $1,$(firstword $2)),$2,$(call below,$1,$(wordlist 2,99,$2)))
archives = $(patsubst %,$(OUT)/lib%.a,$(call below,$1,$(LAYERS)))
TESTS   := $(patsubst %.c,$(OUT)/%,$(wildcard tests/unit/*/*_test.c))
DRIVERS := $(patsubst %.c,$(OUT)/%,$(wildcard tests/jobs/*-driver.c))
SHIMS   := $(patsubst %.c,$(OUT)/%.so,$(wildcard tests/jobs/*-shim.c))
FUZZERS := $(patsubst %.c,build/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
TIDIED   := $(patsubst %.c,build/lint/%.tidy,$(filter %.c,$(SOURCES)))
ANALYZED := $(patsubst %.c,build/lint/%.analyzed,$(filter %.c,$(PRODUCT)))
PROGRAMS := $(addprefix $(OUT)/bin/,voiceover-fcgi voiceover-jobs voiceoverctl)

WWW     := build/www/index.html
NPM     := nginx/www/node_modules/.package-lock.json

all: $(PROGRAMS) www                      ## build the three programs, and the pages
www: $(WWW)                               ## build the pages into build/www
check: ; @tools/test                      ## run every test, as tools/test does
check-unit: $(TESTS)                      ## run the unit tests
	@tools/run-unit-tests $(TESTS)
drivers: $(DRIVERS) $(SHIMS)              ## build the programs through which tests/jobs reaches the C code
fuzz: $(FUZZERS)                          ## run each fuzzer for FUZZ_SECONDS (60)
	@set -e; for f in $(FUZZERS); do echo "== $$f"; $$f -max_total_time=$(or $(FUZZ_SECONDS),60) -timeout=10 -verbosity=0; done
screenshots: all                          ## make pictures of every screen in build/screenshots
	@[ tests/node_modules/.package-lock.json -nt tests/package-lock.json ] || (cd tests && npm ci --no-audit --no-fund --loglevel=error)
	@BUILD=$(BUILD) node tests/e2e/screenshots.js build/screenshots
install: all                              ## install below DESTDIR; GNU directory variables are honoured
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(datadir)/voiceover $(DESTDIR)$(sysconfdir)/voiceover/nginx
	install -m 755 $(PROGRAMS) $(DESTDIR)$(bindir)
	rm -rf $(DESTDIR)$(datadir)/voiceover/www && cp -r build/www $(DESTDIR)$(datadir)/voiceover/www
	tools/nginx-site $(DESTDIR)$(sysconfdir)/voiceover/nginx CONF_DIR=$(sysconfdir)/voiceover/nginx WWW_ROOT=$(datadir)/voiceover/www $(NGINX)
	install -d $(DESTDIR)$(systemdsystemunitdir) $(DESTDIR)$(datadir)/voiceover/crontab
	install -m 644 README.md $(DESTDIR)$(datadir)/voiceover
	for f in $(notdir $(wildcard tools/systemd/*.in)); do $(fill_in) tools/systemd/$$f >$(DESTDIR)$(systemdsystemunitdir)/$${f%.in}; done
	$(fill_in) tools/crontab/voiceover.in >$(DESTDIR)$(datadir)/voiceover/crontab/voiceover

lint: fmt-check layers tidy cppcheck analyze shellcheck nginx-check readme-check www-check  ## run all of the following
fmt-check:                                ## is the formatting right?
	@clang-format --style=file:tools/clang-format --dry-run -Werror $(SOURCES)
layers:                                   ## do dependencies point one way, and is SQL where it belongs?
	@tools/check-layers
tidy: $(TIDIED)                           ## clang-tidy, a process a file
cppcheck: | $(GENERATED)                  ## cppcheck (2.10 takes every returned pointer for one to a local)
	cppcheck -q -j2 --enable=warning,portability --error-exitcode=1 --inline-suppr --suppress=missingInclude --suppress=returnDanglingLifetime -I. -I$(OUT) $(filter %.c,$(SOURCES))
analyze: $(ANALYZED)                      ## gcc -fanalyzer
shellcheck:                               ## shellcheck
	shellcheck -x $(SHELL_SCRIPTS)
nginx-check:                              ## nginx -t on the finished site
	@tools/check-nginx
readme-check: $(OUT)/bin/voiceoverctl     ## does the README list every setting as it is?
	@$< config 2>/dev/null | grep '^| `' >build/settings; grep '^| `' README.md | diff build/settings -
www-check: $(NPM)                         ## do the pages' types fit?
	nginx/www/node_modules/.bin/tsc --noEmit -p nginx/www
fmt:                                      ## format the sources
	clang-format --style=file:tools/clang-format -i $(SOURCES)
clean:                                    ## remove every build
	rm -rf build
help:                                     ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 16

$(OUT)/bin/voiceover-fcgi: $(OUT)/fcgi/main.o $(call archives,fcgi)
	$(link)
$(OUT)/bin/voiceover-jobs: $(OUT)/jobs/main.o $(call archives,app)
	$(link)
$(OUT)/bin/voiceoverctl: $(call obj,tools/voiceoverctl/*.c) $(call archives,app)
	$(link)

.SECONDEXPANSION:
$(TESTS): $(OUT)/tests/unit/%: $(OUT)/tests/unit/%.o $$(call archives,$$(firstword $$(subst /, ,$$*)))
	$(link)
$(DRIVERS): $(OUT)/%: $(OUT)/%.o $$(call archives,app)
	$(link)
$(SHIMS): $(OUT)/%.so: %.c
	$(call say,LD $@) mkdir -p $(@D); $(CC) -std=gnu17 -O1 -g -pthread -D_GNU_SOURCE -fPIC -shared $(WARN) -o $@ $<
$(FUZZERS): build/fuzz/%: %.c $(filter %.c,$(filter-out %/main.c tools/%,$(PRODUCT))) | $(GENERATED)
	$(call say,FUZZ $@) mkdir -p $(@D); clang -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. -I$(OUT) \
		-include jobs/base/banned.h $(shell pkg-config --cflags $(PKGS)) -o $@ $^ $(LIBS)
build/lint/%.tidy: %.c $(wildcard jobs/*/*.h fcgi/*.h) tools/clang-tidy | $(GENERATED)
	$(call say,TIDY $<) mkdir -p $(@D); clang-tidy --quiet --config-file=tools/clang-tidy $< -- $(LINT_FLAGS) 2>/dev/null && touch $@
build/lint/%.analyzed: %.c $(wildcard jobs/*/*.h fcgi/*.h) | $(GENERATED)
	$(call say,ANA $<) mkdir -p $(@D); $(CC) $(FLAGS) -DANALYZED -O2 -fanalyzer -Werror -c -o $@ $<
$(OUT)/libfcgi.a: $(filter-out %/main.o,$(call obj,fcgi/*.c fcgi/api/*.c))
	$(archive)
$(OUT)/libapp.a: $(filter-out %/main.o,$(call obj,jobs/*.c))
	$(archive)
$(OUT)/lib%.a: $$(call obj,jobs/%/*.c)
	$(archive)
$(OUT)/%.o: %.c | $(GENERATED)
	$(compile)
$(WWW): $(NPM) tools/example-workflow-voice-tts.json $(shell find nginx/www -name node_modules -prune -o -type f -print)
	$(call say,WWW $(@D)) node nginx/www/build.js $(@D)
$(NPM): nginx/www/package-lock.json
	$(call say,NPM $(<D)) cd $(<D) && npm ci --no-audit --no-fund --loglevel=error >/dev/null && touch node_modules/.package-lock.json
$(OUT)/sql.h: tools/sqlc $(wildcard sql/queries/*.sql)
	$(call say,GEN $@) mkdir -p $(@D); $^ >$@.part && mv $@.part $@
$(OUT)/migrations.h $(OUT)/lua.h: $(OUT)/%.h: tools/embed $$(wildcard $$(FILES_$$*))
	$(call say,GEN $@) mkdir -p $(@D); $< $* $(filter-out $<,$^) >$@.part && mv $@.part $@
FILES_migrations := sql/migrations/*.sql
FILES_lua        := jobs/queue/lua/*.lua jobs/io/lua/*.lua

fill_in  = sed -e 's|@bindir@|$(bindir)|g' -e 's|@datadir@|$(datadir)|g' -e 's|@sysconfdir@|$(sysconfdir)|g'
Q       := $(if $(V),,@)
say      = $(if $(V),,@echo '  $1';)
compile  = $(call say,CC  $<) mkdir -p $(@D); $(CC) $(FLAGS) -MMD -MP -c -o $@ $<
archive  = $(call say,AR  $@) mkdir -p $(@D); rm -f $@; ar rcs $@ $(filter %.o,$^)
link     = $(call say,LD  $@) mkdir -p $(@D); $(CC) $(FLAGS) -o $@ $(filter %.o %.a,$^) $(LDFLAGS) $(LIBS) $(if $(findstring /tests/,$@),-lcmocka)

.PHONY: all www www-check check check-unit drivers fuzz screenshots install lint fmt-check layers tidy cppcheck analyze shellcheck nginx-check readme-check fmt clean help
.SECONDARY:
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
