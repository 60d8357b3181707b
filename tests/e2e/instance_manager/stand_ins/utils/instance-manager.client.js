// What programs know of the Instance Manager's TypeScript client: its methods, what each asks, and what each takes out
// of the answer. Whatever it takes and does not find is an error, as it was there.
'use strict';
const axios = require('axios');

const INSTANCES = '/api/v1/instances';

class InstanceManagerClient {
  constructor(baseUrl = 'http://localhost:3000') {
    this.setBaseUrl(baseUrl);
  }

  setBaseUrl(baseUrl) {
    this.http = axios.create({ baseURL: baseUrl, headers: { 'x-api-key': process.env.GATEWAY_KEY } });
  }

  async create(body, webhook) {
    const { data } = await this.http.post(INSTANCES, {
      ...body,
      type_instance: ['api'],
      api_webhook_schema: webhook && { url: webhook.url, headers: webhook.headers || {}, enabled: webhook.enabled !== false },
    });
    if (!data.success) throw new Error(data.message);
    this.ports = data.process_result.details.ports; // it wrote them to its log, and fell over where there were none
    return data.instance_id;
  }

  createWhatsAppInstance(userId, webhook) {
    return this.create({ user_id: userId, provider: 'whatsappweb' }, webhook);
  }

  createTelegramInstance(userId, botToken, webhook) {
    return this.create({ user_id: userId, provider: 'telegram', config: { bot_token: botToken } }, webhook);
  }

  async of(instanceId, path) {
    const { data } = await this.http.get(`${INSTANCES}/${instanceId}${path}`);
    if (!data.success) throw new Error(data.message);
    return data;
  }

  async tell(method, instanceId, path = '') {
    const { data } = await this.http[method](`${INSTANCES}/${instanceId}${path}`);
    if (!data.success) throw new Error(data.message);
  }

  async getAllInstances() {
    return (await this.http.get(INSTANCES)).data.data || [];
  }

  async getInstance(instanceId) {
    try {
      return (await this.http.get(`${INSTANCES}/${instanceId}`)).data.data || null;
    } catch (error) {
      if (error.response && error.response.status === 404) return null;
      throw error;
    }
  }

  getInstanceApiKey = async (instanceId) => (await this.of(instanceId, '/current-api-key')).data.api_key;
  getAuthStatus = async (instanceId) => (await this.of(instanceId, '/auth-status')).data;
  getInstanceLogs = async (instanceId, tail = 100) => (await this.of(instanceId, `/logs?tail=${tail}`)).data.logs;

  async getQRCode(instanceId) {
    const { data } = await this.of(instanceId, '/qr');
    return data.qr_url || data.url;
  }

  startInstance = (instanceId) => this.tell('post', instanceId, '/start');
  stopInstance = (instanceId) => this.tell('post', instanceId, '/stop');
  restartInstance = (instanceId) => this.tell('post', instanceId, '/restart');
  deleteInstance = (instanceId) => this.tell('delete', instanceId);

  async ping() {
    try {
      return (await this.http.get('/api/health')).status === 200;
    } catch {
      return false;
    }
  }
}

exports.InstanceManagerClient = InstanceManagerClient;
exports.instanceManagerClient = new InstanceManagerClient();
