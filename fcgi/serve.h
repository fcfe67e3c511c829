/* One request, from its parameters to the last byte of its answer. */
#pragma once
#include "fcgi/app.h"

#include <fcgiapp.h>

void serve(struct app *app, FCGX_Request *fcgi);
