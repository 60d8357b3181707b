#!/usr/bin/env node

const axios = require('axios');

const INSTANCE_MANAGER_URL = 'http://localhost:3000';
const BOT_TOKEN = process.env.TELEGRAM_BOT_TOKEN;
const CHAT_ID = process.env.TELEGRAM_CHAT_ID;

async function runFullTelegramTest() {
  try {
    console.log('🚀 Запуск полного теста Telegram интеграции...\n');

    // 1. Создание экземпляра
    const createResponse = await axios.post(`${INSTANCE_MANAGER_URL}/api/v1/instances`, {
      user_id: `telegram-test-${Date.now()}`,
      provider: 'telegram',
      type_instance: ['api'],
      token: BOT_TOKEN
    });
    
    const instanceId = createResponse.data.instance_id;
    console.log(`✅ Экземпляр создан: ${instanceId}`);

    // 2. Обработка
    await axios.post(`${INSTANCE_MANAGER_URL}/api/v1/instances/${instanceId}/process`);
    console.log('✅ Экземпляр обработан');

    // 3. Ожидание
    console.log('⏳ Ожидание запуска (30 сек)...');
    await new Promise(resolve => setTimeout(resolve, 30000));

    // 4. Получение информации об экземпляре
    const instanceInfo = await axios.get(`${INSTANCE_MANAGER_URL}/api/v1/instances/${instanceId}`);
    console.log(`✅ Экземпляр готов: ${JSON.stringify(instanceInfo.data.status)}`);

    // 5. Получение данных из памяти
    const memoryData = await axios.get(`${INSTANCE_MANAGER_URL}/api/v1/instances/${instanceId}/memory`);
    console.log(`✅ Данные в памяти: ${JSON.stringify(memoryData.data.data?.status)}`);

    console.log(`\n🎉 Тест завершен! Instance: ${instanceId}`);

  } catch (error) {
    console.error('❌ Ошибка теста:', error.response?.data || error.message);
  }
}

runFullTelegramTest();
