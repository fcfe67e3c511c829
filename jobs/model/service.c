#include "jobs/model/service.h"

const struct service service_elevenlabs = {
	.name = "elevenlabs",
	.title = "ElevenLabs",
	.variable = "ELEVENLABS_API_KEY",
	.key_offset = offsetof(struct conf, elevenlabs_api_key),
};

const struct service service_azure = {
	.name = "azure",
	.title = "Azure",
	.variable = "AZURE_TTS_SUBSCRIPTION_KEY",
	.key_offset = offsetof(struct conf, azure_key),
};

const struct service service_openai = {
	.name = "openai",
	.title = "OpenAI",
	.variable = "OPENAI_API_KEY",
	.key_offset = offsetof(struct conf, openai_api_key),
};

const struct service service_anthropic = {
	.name = "anthropic",
	.title = "Anthropic",
	.variable = "ANTHROPIC_API_KEY",
	.key_offset = offsetof(struct conf, anthropic_api_key),
};

const struct service *service_at(size_t i)
{
	static const struct service *const services[] = { &service_elevenlabs, &service_azure,
							  &service_openai, &service_anthropic };
	return i < sizeof(services) / sizeof(services[0]) ? services[i] : NULL;
}

const char *service_fallback_key(const struct service *service, const struct conf *conf)
{
	return *(const char *const *)(const void *)((const char *)conf + service->key_offset);
}
