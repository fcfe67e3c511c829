#include "jobs/io/services.h"

void services_open(struct services *s, const struct conf *conf, const char *program,
		   int connections)
{
	*s = (struct services){
		.conf = conf,
		.crypt = crypt_key_new(conf->encryption_secret),
		.s3 = s3_new(conf),
		.db = db_shared_new(conf->database_url, program, connections),
		.gate = gate_new(conf),
		.ticker = ticker_new(),
	};
}

void services_close(struct services *s)
{
	ticker_free(s->ticker);
	gate_free(s->gate);
	db_free(s->db);
	s3_free(s->s3);
	crypt_key_free(s->crypt);
	*s = (struct services){ 0 };
}
