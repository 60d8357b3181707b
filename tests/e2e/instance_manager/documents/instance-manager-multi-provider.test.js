const axios = require('axios');

describe('Full System Integration', () => {
  const INSTANCE_MANAGER_URL = 'http://localhost:3000';
  
  describe('Instance Manager → WhatsApp Flow', () => {
    it('should create and manage WhatsApp instance end-to-end', async () => {
      // 1. Создание экземпляра через Instance Manager
      const createResponse = await axios.post(`${INSTANCE_MANAGER_URL}/api/v1/instances`, {
        user_id: `test-wa-${Date.now()}`,
        provider: 'whatsappweb',
        type_instance: ['api']
      });
      
      expect(createResponse.status).toBe(201);
      expect(createResponse.data.instance_id).toBeDefined();
      
      const instanceId = createResponse.data.instance_id;
      
      // 2. Проверка создания в базе данных
      const instanceInfo = await axios.get(`${INSTANCE_MANAGER_URL}/api/v1/instances/${instanceId}`);
      expect(instanceInfo.data.instance.provider).toBe('whatsappweb');
      
      // 3. Проверка данных в памяти
      const memoryData = await axios.get(`${INSTANCE_MANAGER_URL}/api/v1/instances/${instanceId}/memory`);
      expect(memoryData.data.data).toBeDefined();
      
      // 4. Очистка
      await axios.delete(`${INSTANCE_MANAGER_URL}/api/v1/instances/${instanceId}`);
    }, 60000);
  });

  describe('Instance Manager → Telegram Flow', () => {
    it('should create and manage Telegram instance end-to-end', async () => {
      // Аналогично для Telegram
      const createResponse = await axios.post(`${INSTANCE_MANAGER_URL}/api/v1/instances`, {
        user_id: `test-tg-${Date.now()}`,
        provider: 'telegram',
        type_instance: ['api'],
        token: process.env.TELEGRAM_BOT_TOKEN || 'test-token'
      });
      
      expect(createResponse.status).toBe(201);
      
      const instanceId = createResponse.data.instance_id;
      
      // Проверка и очистка
      const instanceInfo = await axios.get(`${INSTANCE_MANAGER_URL}/api/v1/instances/${instanceId}`);
      expect(instanceInfo.data.instance.provider).toBe('telegram');
      
      await axios.delete(`${INSTANCE_MANAGER_URL}/api/v1/instances/${instanceId}`);
    }, 60000);
  });

  describe('Multi-Provider Management', () => {
    it('should handle multiple instances simultaneously', async () => {
      // Тест создания и управления несколькими экземплярами
      const instances = [];
      
      // Создание нескольких экземпляров
      for (let i = 0; i < 3; i++) {
        const response = await axios.post(`${INSTANCE_MANAGER_URL}/api/v1/instances`, {
          user_id: `test-multi-${i}-${Date.now()}`,
          provider: i % 2 === 0 ? 'whatsappweb' : 'telegram',
          type_instance: ['api'],
          token: i % 2 === 1 ? 'test-token' : undefined
        });
        instances.push(response.data.instance_id);
      }
      
      // Проверка списка экземпляров
      const listResponse = await axios.get(`${INSTANCE_MANAGER_URL}/api/v1/instances`);
      expect(listResponse.data.instances.length).toBeGreaterThanOrEqual(3);
      
      // Очистка
      for (const instanceId of instances) {
        await axios.delete(`${INSTANCE_MANAGER_URL}/api/v1/instances/${instanceId}`);
      }
    }, 120000);
  });
});
