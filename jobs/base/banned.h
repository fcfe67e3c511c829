/* Functions we do not use, as compile errors; the Makefile includes this file first. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#pragma GCC poison strcpy strcat strncpy strncat strtok sprintf vsprintf gets strerror
#pragma GCC poison gmtime localtime asctime ctime atoi atol atof system
